let count = 0

/**
 * `struct anon_vma`: the identity that ties the VMAs together whose anonymous pages may be found through each other.
 *
 * The model needs no reverse map of anonymous pages, so nothing but the identity is left: whether two VMAs share it decides whether
 * they may merge.
 */
export class AnonVma {
  /** For messages. */
  readonly number = ++count
}
