import { crc32 } from 'node:zlib'
import { BLOCK_KIND, type BlockKind } from './block-kind.js'
import type { Codec } from './codec.js'

/** A block in the form in which it is written to the file. */
export interface PackedBlock {
  readonly kind: BlockKind
  readonly bytes: Uint8Array
  /** Before it was packed. */
  readonly length: number
  readonly checksum: number
}

/** Packs the blocks of one file, each on libuv's thread pool. */
export class BlockPacker {
  readonly #codec: Codec
  readonly #level: number
  /** The packed form of a whole block of zeros, made once, because a sparse file has many. */
  #zeros: Promise<PackedBlock> | undefined

  constructor(codec: Codec, level: number) {
    this.#codec = codec
    this.#level = level
  }

  /** Packs a block, which must not change any more. A block that is shorter than the ones before it must be the last. */
  async pack(block: Uint8Array): Promise<PackedBlock> {
    if (isZero(block)) {
      if ((await this.#zeros)?.length !== block.length) this.#zeros = this.#packZeros(block)
      return this.#zeros!
    }
    const { length } = block
    const checksum = crc32(block)
    const bytes = await this.#codec.compress(block, this.#level)
    if (bytes.length >= length && !this.#codec.selfContained)
      return { kind: BLOCK_KIND.STORED, bytes: block, length, checksum }
    return { kind: BLOCK_KIND.COMPRESSED, bytes, length, checksum }
  }

  async #packZeros(block: Uint8Array): Promise<PackedBlock> {
    const bytes = this.#codec.selfContained ? await this.#codec.compress(block, this.#level) : new Uint8Array()
    return { kind: BLOCK_KIND.ZEROS, bytes, length: block.length, checksum: crc32(block) }
  }
}

/** Compares the block with itself, one byte further: that is memcmp(3), and ends at the first byte that differs. */
function isZero(block: Uint8Array): boolean {
  return block[0] === 0 && Buffer.compare(block.subarray(1), block.subarray(0, -1)) === 0
}
