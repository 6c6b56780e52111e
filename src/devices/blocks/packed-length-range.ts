import { BLOCK_KIND } from './block-kind.js'
import type { Codec } from './codec.js'

/**
 * How many bytes a block of that kind may take in the file: from the first number to the second, both included. `undefined` where there
 * can be no such block.
 */
export function packedLengthRange(
  { selfContained }: Codec,
  kind: number,
  length: number,
): readonly [least: number, most: number] | undefined {
  // What deflate makes of bytes that do not shrink is longer by five bytes in some thousands, and the member's header.
  if (selfContained) return kind === BLOCK_KIND.STORED || kind > 2 ? undefined : [1, length + (length >> 8) + 64]
  if (kind === BLOCK_KIND.ZEROS) return [0, 0]
  if (kind === BLOCK_KIND.STORED) return [length, length]
  if (kind === BLOCK_KIND.COMPRESSED) return [1, length - 1]
  return undefined
}
