/** The pages of one chunk. */
const CHUNK = 1024

interface Chunk {
  readonly numbers: Uint32Array | Float64Array
  count: number
}

/**
 * A map from pages to numbers, in chunks, because page numbers go to 2^53 and neighbours mostly come together. It takes four
 * bytes a page (eight with `wide`) where chunks are full.
 */
export class PageNumbers {
  readonly #chunks = new Map<number, Chunk>()
  readonly #wide: boolean
  /** The chunk that was used last, with its key: mostly the next page is in it too. */
  #lastKey = -1
  #last: Chunk | undefined

  /** @param wide whether numbers go to 2^53 - 2 instead of 2^32 - 2 */
  constructor(wide = false) {
    this.#wide = wide
  }

  /** The number of the page, or -1. */
  get(page: number): number {
    const key = Math.floor(page / CHUNK)
    const chunk = this.#find(key)
    return chunk === undefined ? -1 : chunk.numbers[page - key * CHUNK]! - 1
  }

  set(page: number, number: number): void {
    const key = Math.floor(page / CHUNK)
    const chunk = this.#find(key) ?? this.#add(key)
    if (chunk.numbers[page - key * CHUNK] === 0) chunk.count++
    chunk.numbers[page - key * CHUNK] = number + 1
  }

  delete(page: number): void {
    const key = Math.floor(page / CHUNK)
    const chunk = this.#find(key)
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

  #find(key: number): Chunk | undefined {
    if (this.#lastKey !== key) {
      this.#lastKey = key
      this.#last = this.#chunks.get(key)
    }
    return this.#last
  }

  #add(key: number): Chunk {
    const chunk = { numbers: this.#wide ? new Float64Array(CHUNK) : new Uint32Array(CHUNK), count: 0 }
    this.#chunks.set(key, chunk)
    this.#last = chunk
    return chunk
  }

  #forget(): void {
    this.#lastKey = -1
    this.#last = undefined
  }
}
