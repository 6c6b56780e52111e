import { crc32 } from 'node:zlib'
import type { Algorithm } from './algorithm.js'
import type { BlockEntry } from './block-entry.js'
import { BLOCK_KIND, type BlockKind } from './block-kind.js'
import { CODECS } from './codecs.js'
import { LAYOUT } from './layout.js'
import { packedLengthRange } from './packed-length-range.js'

const KIND_SHIFT = 30
const LENGTH_MASK = 2 ** KIND_SHIFT - 1

/** What a packed file says of itself in its header and footer. */
export interface PackedShape {
  readonly algorithm: Algorithm
  /** Bytes a block; the last one may have fewer. */
  readonly blockSize: number
  /** Bytes that were packed. */
  readonly size: number
}

/**
 * Which block lies where in a packed file.
 *
 * # Invariant
 *
 * The blocks lie one behind the other, without a gap, from `begin` to `end`, and each takes as many bytes as one of its kind can.
 */
export class BlockIndex {
  readonly shape: PackedShape
  /** Blocks. */
  readonly count: number
  readonly #entries: Buffer
  readonly #offsets: Float64Array

  /**
   * @param entries as they stand in the file, without their frames: eight bytes a block
   * @param begin where the first block begins in the file, and `end` where the last one ends
   * @throws a `RangeError` that says what is wrong, when these can't be the entries of such a file
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
