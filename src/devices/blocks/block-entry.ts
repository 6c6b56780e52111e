import type { BlockKind } from './block-kind.js'

/** The position of one block. Offsets and lengths are in bytes; both ranges are half-open. */
export interface BlockEntry {
  readonly number: number
  readonly kind: BlockKind
  /** Its range in the unpacked content. */
  readonly start: number
  readonly length: number
  /** Its range in the packed file. */
  readonly packedOffset: number
  readonly packedLength: number
  /** CRC-32 of its bytes, unpacked. */
  readonly checksum: number
}
