import { BlockCache } from './block-cache.js'
import { BLOCK_KIND } from './block-kind.js'
import type { PackedFile } from './packed-file.js'

/** Reads any range of what was packed. */
export class BlockReader {
  readonly #file: PackedFile
  readonly #cache: BlockCache

  /** @param cache how many bytes of blocks that were read in part to keep */
  constructor(file: PackedFile, cache: number) {
    this.#file = file
    this.#cache = new BlockCache(cache)
  }

  /**
   * Fills `target` with what begins at `offset`, and with zeros past the end.
   *
   * @throws what `PackedFile.read` throws; `target` holds nothing that is wrong then, and is not whole
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
    // A block that was given whole has no rest that a later read would need.
    if (kept === undefined && target.length < entry.length) this.#cache.add(number, block)
  }
}
