import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Algorithm } from './algorithm.js'
import type { BlockEntry } from './block-entry.js'
import { BLOCK_KIND, type BlockKind } from './block-kind.js'
import { CODECS } from './codecs.js'
import { LAYOUT } from './layout.js'
import { packedLengthRange } from './packed-length-range.js'

const KIND_SHIFT = 30
const LENGTH_MASK = 2 ** KIND_SHIFT - 1

/** The fields of a packed file's header and footer. */
export interface PackedShape {
  readonly algorithm: Algorithm
  /** Bytes of a block; the last one may have fewer. */
  readonly blockSize: number
  /** Bytes that were packed. */
  readonly size: number
}

/**
 * The positions of the blocks in a packed file.
 *
 * # Invariant
 *
 * The blocks follow each other without a gap from `begin` to `end`, and the length of each is possible for its kind.
 */
export class BlockIndex {
  readonly shape: PackedShape
  /** Blocks. */
  readonly count: number
  readonly #entries: Buffer
  readonly #offsets: Float64Array

  /**
   * @param entries as in the file, without their frames: eight bytes for each block
   * @param begin the offset in the file of the first block; `end` is the end of the last one
   * @throws a `RangeError` that names the fault, when these can't be the entries of such a file
   */
  constructor(shape: PackedShape, entries: Buffer, begin: number, end: number) {
    this.shape = shape
    this.count = Math.ceil(shape.size / shape.blockSize)
    this.#entries = entries
    this.#offsets = new Float64Array(this.count)
    const codec = CODECS[shape.algorithm]
    const checksumOfZeros = remember((length) => crc32(new Uint8Array(length)))
    let offset = begin
    for (let number = 0; number < this.count; number++) {
      this.#offsets[number] = offset
      const { kind, length, packedLength, checksum } = this.at(number)
      const range = packedLengthRange(codec, kind, length)
      if (range === undefined) throw new RangeError(`block ${number} is said to be of kind ${kind}`)
      if (packedLength < range[0] || packedLength > range[1])
        throw new RangeError(`block ${number} of ${length} bytes is said to take ${packedLength}`)
      if (kind === BLOCK_KIND.ZEROS && checksum !== checksumOfZeros(length))
        throw new RangeError(`block ${number} is said to be zeros, and its checksum is of something else`)
      offset += packedLength
    }
    if (offset !== end) throw new RangeError(`its blocks are said to end at byte ${offset}, and end at ${end}`)
  }

  /** The entry of a block, `0 <= number < count`. */
  at(number: number): BlockEntry {
    const { size, blockSize } = this.shape
    const word = this.#entries.readUInt32LE(number * LAYOUT.entry)
    const start = number * blockSize
    return {
      number,
      kind: (word >>> KIND_SHIFT) as BlockKind,
      start,
      length: Math.min(blockSize, size - start),
      packedOffset: this.#offsets[number]!,
      packedLength: word & LENGTH_MASK,
      checksum: this.#entries.readUInt32LE(number * LAYOUT.entry + 4),
    }
  }

  /** Of all entries, which hold the checksums of the blocks: equal ones mean equal content. */
  digest(): string {
    return createHash('sha256').update(this.#entries).digest('hex')
  }

  /** All entries, in order. */
  *[Symbol.iterator](): Generator<BlockEntry> {
    for (let number = 0; number < this.count; number++) yield this.at(number)
  }
}

function remember(compute: (length: number) => number): (length: number) => number {
  const known = new Map<number, number>()
  return (length) => {
    let result = known.get(length)
    if (result === undefined) {
      result = compute(length)
      known.set(length, result)
    }
    return result
  }
}
