/** So many are used in turn, so that a driver that writes after it has returned does not soon meet another answer. */
const KEPT = 16

/**
 * Memory to write the answer for a single page on: an array buffer over other memory, as `RunBuffers` has, costs 1.6 µs on a virtual Xeon,
 * of 5 µs for the whole fault. A part of one large buffer would cost nothing, and would let a driver that clones or posts `fault.bytes`,
 * or goes by its buffer, reach pages that it was not asked for.
 */
export class PageBuffers {
  readonly #pageSize: number
  readonly #free: Uint8Array[] = []

  constructor(pageSize: number) {
    this.#pageSize = pageSize
  }

  /** A page of zeros. */
  take(): Uint8Array {
    const draft = this.#free.length < KEPT ? undefined : this.#free.shift()
    if (draft === undefined) return new Uint8Array(this.#pageSize)
    return draft.fill(0)
  }

  /** The driver has returned, and has no use for it any more. One that it has given away is not taken back. */
  giveBack(draft: Uint8Array): void {
    if (draft.length === this.#pageSize) this.#free.push(draft)
  }
}
