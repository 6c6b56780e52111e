import { BLOCK_KIND } from './block-kind.js'
import type { Codec } from './codec.js'

/**
 * The length that a block of that kind can have in the file: from the first number to the second, both inclusive. `undefined` where no
 * such block can exist.
 */
export function packedLengthRange(
  { selfContained }: Codec,
  kind: number,
  length: number,
): readonly [least: number, most: number] | undefined {
  // For bytes that do not shrink, deflate adds five bytes to every few thousand, and the member's header.
  if (selfContained) return kind === BLOCK_KIND.STORED || kind > 2 ? undefined : [1, length + (length >> 8) + 64]
  if (kind === BLOCK_KIND.ZEROS) return [0, 0]
  if (kind === BLOCK_KIND.STORED) return [length, length]
  if (kind === BLOCK_KIND.COMPRESSED) return [1, length - 1]
  return undefined
}
