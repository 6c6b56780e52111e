/** The number of buffers that are used in turn, so that a driver that writes after its answer does not soon change another one. */
const KEPT = 16

/**
 * Buffers for the answers of single pages: an array buffer over other memory, as `RunBuffers` has, costs 1.6 µs on a virtual Xeon,
 * of 5 µs for the whole fault. A part of one large buffer would cost nothing, and would let a driver that clones or posts `fault.bytes`,
 * or uses its `buffer`, reach pages that were not requested.
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

  /** Takes a page back after the driver has returned. */
  giveBack(draft: Uint8Array): void {
    this.#free.push(draft)
  }
}
