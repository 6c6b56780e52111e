/**
 * Blocks that were decompressed for a part of them, so that the rest need not be decompressed again. What was not used for longest goes
 * first.
 */
export class BlockCache {
  readonly #most: number
  readonly #blocks = new Map<number, Uint8Array>()
  #bytes = 0

  /** @param most how many bytes it may hold */
  constructor(most: number) {
    this.#most = most
  }

  get(number: number): Uint8Array | undefined {
    const block = this.#blocks.get(number)
    if (block === undefined) return undefined
    // A map keeps the order of insertion: the first is the one that was not used for longest.
    this.#blocks.delete(number)
    this.#blocks.set(number, block)
    return block
  }

  /** Keeps a block that it does not hold yet, if there is room for one of that length at all. */
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
