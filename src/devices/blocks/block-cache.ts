/**
 * Blocks that were decompressed to read a part of them, so that reading the rest does not decompress them again. It drops the least
 * recently used block first.
 */
export class BlockCache {
  readonly #most: number
  readonly #blocks = new Map<number, Uint8Array>()
  #bytes = 0

  /** @param most the most bytes that it holds */
  constructor(most: number) {
    this.#most = most
  }

  get(number: number): Uint8Array | undefined {
    const block = this.#blocks.get(number)
    if (block === undefined) return undefined
    // A map keeps the order of insertion: the first is the least recently used.
    this.#blocks.delete(number)
    this.#blocks.set(number, block)
    return block
  }

  /** Adds a block, if its length is within the limit. */
  add(number: number, block: Uint8Array): void {
    if (block.length > this.#most) return
    for (const [oldest, { length }] of this.#blocks) {
      if (this.#bytes + block.length <= this.#most) break
      this.#blocks.delete(oldest)
      this.#bytes -= length
    }
    this.#blocks.set(number, block)
    this.#bytes += block.length
  }

  clear(): void {
    this.#blocks.clear()
    this.#bytes = 0
  }
}
