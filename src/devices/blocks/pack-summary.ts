/** The result of packing. */
export interface PackSummary {
  /** The bytes before and after packing. */
  readonly size: number
  readonly packedSize: number
  /** The number of blocks: all, those of zeros, and those that were stored because they did not shrink. */
  readonly blocks: number
  readonly zeros: number
  readonly stored: number
}
