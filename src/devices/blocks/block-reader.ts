import { BlockCache } from './block-cache.js'
import { BLOCK_KIND } from './block-kind.js'
import type { PackedFile } from './packed-file.js'

/** Reads any range of the unpacked content. */
export class BlockReader {
  readonly #file: PackedFile
  readonly #cache: BlockCache

  /** @param cache how many bytes of partly read blocks to keep */
  constructor(file: PackedFile, cache: number) {
    this.#file = file
    this.#cache = new BlockCache(cache)
  }

  /**
   * Fills `target` with the bytes from `offset` on, and with zeros past the end.
   *
   * @throws what `PackedFile.read` throws; `target` is incomplete then, but holds no wrong bytes
   */
  read(offset: number, target: Uint8Array): void {
    const { size, blockSize } = this.#file.index.shape
    const end = Math.max(Math.min(offset + target.length, size), offset)
    for (let at = offset; at < end; ) {
      const from = at % blockSize
      const length = Math.min(blockSize - from, end - at)
      this.#readPart((at - from) / blockSize, from, target.subarray(at - offset, at - offset + length))
      at += length
    }
    target.fill(0, end - offset)
  }

  #readPart(number: number, from: number, target: Uint8Array): void {
    const entry = this.#file.index.at(number)
    if (entry.kind === BLOCK_KIND.ZEROS) {
      target.fill(0)
      return
    }
    const kept = this.#cache.get(number)
    const block = kept ?? this.#file.read(entry)
    target.set(block.subarray(from, from + target.length))
    // Do not keep a block that was read as a whole.
    if (kept === undefined && target.length < entry.length) this.#cache.add(number, block)
  }
}
