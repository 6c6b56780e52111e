/** A range of swapped memory: `count` pages from the address on, of which the first is the swap's page with that number. */
export interface SwapRange {
  readonly start: number
  readonly page: number
  readonly count: number
  /** Of shared memory: the address of a second map of the same pages, at which the program touches nothing. */
  readonly twin?: number
}
