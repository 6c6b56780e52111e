/** The sizes in a packed file, in bytes unless noted. `docs/blocks.md` has a drawing. */
export const LAYOUT = {
  version: 1,
  /** The bytes before and after the payload of each frame. */
  framePrefix: 16,
  frameSuffix: 10,
  headerPayload: 16,
  footerPayload: 12,
  /** One entry of the index. */
  entry: 8,
  /** How many entries one frame of the index holds: a gzip extra field holds less than 64 KiB. */
  entriesInFrame: 4096,
  /** A block's size is a multiple of this, so that each page lies in one block. */
  blockSizeStep: 4096,
  /** Decompressing a block allocates its size, even if the file is small. */
  largestBlockSize: 16 << 20,
  usualBlockSize: 64 << 10,
} as const
