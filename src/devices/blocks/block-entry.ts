import type { BlockKind } from './block-kind.js'

/** Where one block is. Offsets and lengths are bytes; both ranges are half-open. */
export interface BlockEntry {
  readonly number: number
  readonly kind: BlockKind
  /** Where its first byte is in what was packed, and how many it has. */
  readonly start: number
  readonly length: number
  /** Where it lies in the packed file. */
  readonly packedOffset: number
  readonly packedLength: number
  /** CRC-32 of its bytes, unpacked. */
  readonly checksum: number
}
