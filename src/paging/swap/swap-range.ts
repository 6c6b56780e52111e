/** A range of swapped memory: `count` pages from the address `start` on. The first is page number `page` of the swap. */
export interface SwapRange {
  readonly start: number
  readonly page: number
  readonly count: number
  /** For shared memory, the address of a second map of the same pages, which the program does not touch. */
  readonly twin?: number
}
