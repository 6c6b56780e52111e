/** What came of packing. */
export interface PackSummary {
  /** Bytes that were packed, and what they take. */
  readonly size: number
  readonly packedSize: number
  /** Blocks: all, those of zeros, and those that were stored because they did not shrink. */
  readonly blocks: number
  readonly zeros: number
  readonly stored: number
}
