/**
 * Which pages of a device stay in memory, as the kernel's own two lists decide it: pages that were touched lately are active and may be
 * mapped; the others are inactive and hidden, so that touching one is a fault that tells of it. The oldest inactive ones go.
 */
export class ResidentPages {
  readonly #limit: number
  /** Hides a page from all maps, and with `whole` drops it from memory. */
  readonly #drop: (page: { readonly pgoff: number; readonly whole: boolean }) => void
  /** In the order in which they came. */
  readonly #active = new Set<number>()
  readonly #inactive = new Set<number>()

  /** `limit` is in pages. */
  constructor(limit: number, drop: (page: { readonly pgoff: number; readonly whole: boolean }) => void) {
    this.#limit = limit
    this.#drop = drop
  }

  /** A page came into memory: to be touched at once, or because it stood beside one that is. */
  enter(pgoff: number, active: boolean): void {
    if (active) this.#active.add(pgoff)
    else this.#inactive.add(pgoff)
    this.#balance()
  }

  /** A page faulted that is in memory. */
  touch(pgoff: number): void {
    this.#inactive.delete(pgoff)
    this.#active.delete(pgoff)
    this.#active.add(pgoff)
    this.#balance()
  }

  /** A page left memory. */
  forget(pgoff: number): void {
    this.#active.delete(pgoff)
    this.#inactive.delete(pgoff)
  }

  #balance(): void {
    while (this.#active.size > Math.ceil(this.#limit / 2)) {
      const pgoff = oldest(this.#active)
      this.#active.delete(pgoff)
      this.#inactive.add(pgoff)
      this.#drop({ pgoff, whole: false })
    }
    while (this.#active.size + this.#inactive.size > this.#limit) {
      this.#drop({ pgoff: oldest(this.#inactive), whole: true })
    }
  }
}

function oldest(pages: ReadonlySet<number>): number {
  const [first] = pages
  return first!
}
