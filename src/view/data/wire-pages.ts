/** States of pages as they are sent. */
export interface WirePages {
  /** For each run of pages in the same state: the first page, how many, and the mask of `PAGE_STATE`. */
  readonly runs: readonly number[]
  /** The bits of `PAGE_STATE` that this kernel reports. */
  readonly known: number
  /** Whether these are all: of very many, the last are left out. */
  readonly isWhole: boolean
}
