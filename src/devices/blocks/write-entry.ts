import type { BlockKind } from './block-kind.js'

/** Writes an entry of the index: the kind in the upper two bits of a word whose others are the length in the file; the checksum. */
export function writeEntry(
  target: Buffer,
  offset: number,
  kind: BlockKind,
  packedLength: number,
  checksum: number,
): void {
  target.writeUInt32LE(kind * 2 ** 30 + packedLength, offset)
  target.writeUInt32LE(checksum, offset + 4)
}
