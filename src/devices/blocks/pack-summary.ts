/** The result of packing. */
export interface PackSummary {
  /** Bytes before packing. */
  readonly size: number
  /** Bytes of the packed file. */
  readonly packedSize: number
  /** The number of blocks. */
  readonly blocks: number
  /** Blocks of zeros, which take no bytes of the packed file but those of the index. */
  readonly zeros: number
  /** Blocks that were stored as they are, because they did not shrink. */
  readonly stored: number
}
