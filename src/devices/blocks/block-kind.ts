/** The kinds of blocks in a packed file. `docs/blocks.md` has the numbers. */
export const BLOCK_KIND = {
  /** All its bytes are zero, and need not be read. */
  ZEROS: 0,
  /** Uncompressed, because compression did not make it smaller. */
  STORED: 1,
  COMPRESSED: 2,
} as const

export type BlockKind = (typeof BLOCK_KIND)[keyof typeof BLOCK_KIND]
