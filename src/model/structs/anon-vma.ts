let count = 0

/**
 * `struct anon_vma`: the identity that VMAs share whose anonymous pages may be found through each other.
 *
 * The model requires no reverse map of anonymous pages, so it keeps the identity alone: two VMAs may merge only if they share it.
 */
export class AnonVma {
  /** For messages. */
  readonly number = ++count
}
