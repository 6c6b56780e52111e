/** The pages of one chunk. */
const CHUNK = 1024
const NONE = new Uint32Array(0)

/**
 * A map from pages to numbers, in chunks, because page numbers go to 2^53 and neighbours mostly come together. It takes four
 * bytes a page (eight with `wide`) where chunks are full.
 */
export class PageNumbers {
  readonly #chunks = new Map<number, { readonly numbers: Uint32Array | Float64Array; count: number }>()
  readonly #wide: boolean
  /** The chunk that was read last; -1 for none. */
  #lastKey = -1
  #lastNumbers: Uint32Array | Float64Array = NONE

  /** @param wide whether numbers go to 2^53 - 2 instead of 2^32 - 2 */
  constructor(wide = false) {
    this.#wide = wide
  }

  /** The number of the page, or -1. */
  get(page: number): number {
    const key = Math.floor(page / CHUNK)
    if (this.#lastKey !== key) {
      const chunk = this.#chunks.get(key)
      if (chunk === undefined) return -1
      this.#lastKey = key
      this.#lastNumbers = chunk.numbers
    }
    return this.#lastNumbers[page - key * CHUNK]! - 1
  }

  set(page: number, number: number): void {
    const key = Math.floor(page / CHUNK)
    let chunk = this.#chunks.get(key)
    if (chunk === undefined) {
      chunk = { numbers: this.#wide ? new Float64Array(CHUNK) : new Uint32Array(CHUNK), count: 0 }
      this.#chunks.set(key, chunk)
    }
    if (chunk.numbers[page - key * CHUNK] === 0) chunk.count++
    chunk.numbers[page - key * CHUNK] = number + 1
  }

  delete(page: number): void {
    const key = Math.floor(page / CHUNK)
    const chunk = this.#chunks.get(key)
    if (chunk === undefined || chunk.numbers[page - key * CHUNK] === 0) return
    chunk.numbers[page - key * CHUNK] = 0
    if (--chunk.count > 0) return
    this.#chunks.delete(key)
    this.#forget()
  }

  clear(): void {
    this.#chunks.clear()
    this.#forget()
  }

  /** The pages that have a number, in no order. */
  *pages(): IterableIterator<number> {
    for (const [key, { numbers }] of this.#chunks) {
      for (let index = 0; index < CHUNK; index++) if (numbers[index] !== 0) yield key * CHUNK + index
    }
  }

  #forget(): void {
    this.#lastKey = -1
    this.#lastNumbers = NONE
  }
}
