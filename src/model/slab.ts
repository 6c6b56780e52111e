/** A place of so many numbers in a larger array. */
export interface Slot {
  readonly numbers: Float64Array
  /** The first of them. */
  readonly base: number
}

/** Slots of one size in a chunk. */
const slots = 256

/**
 * Many small arrays of numbers in few large ones: what a search goes through lies in memory without the headers that an array of its
 * own would bring.
 */
export class Slab {
  readonly #size: number
  readonly #free: Slot[] = []
  #chunk = new Float64Array(0)
  #used = 0

  constructor(size: number) {
    this.#size = size
  }

  take(): Slot {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#used === this.#chunk.length) {
      // The first chunk is small, for address spaces of few areas.
      this.#chunk = new Float64Array(this.#size * (this.#chunk.length === 0 ? 4 : slots))
      this.#used = 0
    }
    const slot = { numbers: this.#chunk, base: this.#used }
    this.#used += this.#size
    return slot
  }

  give(slot: Slot): void {
    this.#free.push(slot)
  }
}
