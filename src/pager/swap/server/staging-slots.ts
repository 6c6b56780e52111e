import type { PageRun } from './swap-backing.js'

/**
 * Where each staged page lies in the staging memory. Pages that are staged one after the other lie beside each other, wherever they came from,
 * so that one call reads or drops them all: the kernel interrupts each processor on which the program runs, once for a call.
 */
export class StagingSlots {
  /** One more than the slot of each page, 0 for a page that is not staged. The next thread reads it. */
  readonly #slots: Uint32Array
  /** A bit for each slot. */
  readonly #used: Uint8Array
  /** Slots whose pages are of no use, and could not be dropped. */
  readonly #left: number[] = []
  #next = 0

  /** @param memory four bytes for each page */
  constructor(memory: SharedArrayBuffer) {
    this.#slots = new Uint32Array(memory)
    this.#used = new Uint8Array(Math.ceil(this.#slots.length / 8))
  }

  of(page: number): number {
    return this.#slots[page]! - 1
  }

  /**
   * Gives pages that follow each other slots that do, as many as are free in one piece. Returns how many: 0 where no slot is free. Call it
   * before the pages move: a thread that ends meanwhile loses none of them.
   */
  take(page: number, most: number): number {
    const first = this.#nextFree()
    let count = 0
    for (; count < most && first + count < this.#slots.length && !this.#isUsed(first + count); count++) {
      this.#use(first + count)
      const before = this.#slots[page + count]!
      if (before !== 0) this.#left.push(before - 1)
      this.#slots[page + count] = first + count + 1
    }
    this.#next = first + count
    return count
  }

  /** Notes that pages have left their slots. */
  free(page: number, count: number): void {
    for (let at = page; at < page + count; at++) {
      this.#unuse(this.#slots[at]! - 1)
      this.#slots[at] = 0
    }
  }

  /** Notes that the page is of no use, but that its slot is not free. */
  leave(page: number): void {
    this.#left.push(this.#slots[page]! - 1)
    this.#slots[page] = 0
  }

  /** Calls `drop` for each slot that was left. It returns whether the slot is free now. */
  retry(drop: (slot: number) => boolean): void {
    for (const slot of this.#left.splice(0)) {
      if (drop(slot)) this.#unuse(slot)
      else this.#left.push(slot)
    }
  }

  /** How many of the pages from `at` on lie beside each other. */
  runOf(pages: readonly number[], at: number): number {
    const first = this.#slots[pages[at]!]!
    let count = 1
    while (at + count < pages.length && this.#slots[pages[at + count]!] === first + count) count++
    return count
  }

  /** The same for pages that follow each other. */
  runFrom(page: number, most: number): number {
    const first = this.#slots[page]!
    let count = 1
    while (count < most && this.#slots[page + count] === first + count) count++
    return count
  }

  /** Goes on with what an earlier thread has noted. `present` has the slots in which pages lie. Returns the staged pages. */
  resume(present: Iterable<PageRun>): PageRun[] {
    const unknown = new Set<number>()
    for (const { page: first, count } of present) {
      for (let slot = first; slot < first + count; slot++) {
        this.#use(slot)
        unknown.add(slot)
      }
    }
    const staged: PageRun[] = []
    for (let page = 0; page < this.#slots.length; page++) {
      // A page without content in its slot had not moved yet, or had left already.
      if (!unknown.delete(this.#slots[page]! - 1)) this.#slots[page] = 0
      else staged.push({ page, count: 1 })
    }
    this.#left.push(...unknown)
    return staged
  }

  #nextFree(): number {
    const { length } = this.#slots
    for (let tried = 0, slot = this.#next; tried < length; tried++, slot++) {
      if (slot >= length) slot = 0
      if (!this.#isUsed(slot)) return slot
    }
    return length
  }

  #isUsed(slot: number): boolean {
    return (this.#used[slot >>> 3]! & (1 << (slot & 7))) !== 0
  }

  #use(slot: number): void {
    this.#used[slot >>> 3]! |= 1 << (slot & 7)
  }

  #unuse(slot: number): void {
    this.#used[slot >>> 3]! &= ~(1 << (slot & 7))
  }
}
