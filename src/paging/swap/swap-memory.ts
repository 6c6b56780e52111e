/** Why a page can't be moved or filled now, as the kernel's side says it. */
export const REFUSAL = {
  /** Nothing is there: the program has dropped the page. */
  MISSING: 'missing',
  /** Something is there already. */
  PRESENT: 'present',
  /** The kernel does not let it go: it is locked, pinned or shared. */
  PINNED: 'pinned',
  /** The layout changes at the moment: try again. */
  AGAIN: 'again',
  /** The memory is not there any more. */
  GONE: 'gone',
} as const

export type Refusal = (typeof REFUSAL)[keyof typeof REFUSAL]

/**
 * The memory that is swapped, as a kernel moves its pages. Pages are counted over all regions, a run never crosses the end of one. Every call is
 * made on the thread that serves.
 *
 * A call on a run returns how many pages it did, from the first on; `refusal` then says why the next one was not done.
 */
export interface SwapMemory {
  readonly pageSize: number
  /** Pages of all regions. */
  readonly pages: number
  /** Why the last call did not do all of its pages. */
  readonly refusal: Refusal | undefined
  /** One more than the last page of the region that holds the page. */
  regionEnd(page: number): number

  /** Takes resident pages out of the program's reach, content and all. A touch faults. */
  stage(page: number, count: number): number
  /** Puts staged pages back and wakes their waiters. */
  unstage(page: number, count: number): number
  /** Copies staged pages to `into`, and the digest of each to `digests`. */
  read(page: number, count: number, into: Uint8Array, digests: Float64Array): void
  /** Drops staged pages. */
  drop(page: number, count: number): void
  /**
   * The digest of each page in `bytes`: an integer from 0 to 2^53 - 1, which is 0 for a page of zeros alone. It tells damage and changes. It
   * is the same for as long as the memory is swapped.
   */
  digest(bytes: Uint8Array, digests: Float64Array): void
  /** Gives missing pages and poisoned ones their content and wakes their waiters. */
  fill(page: number, count: number, bytes: Uint8Array): number
  /** Gives missing pages zeros and wakes their waiters. */
  zero(page: number, count: number): number
  /** Wakes waiters: they touch the page again. */
  wake(page: number, count: number): void
  /** Makes each access to a missing page fail, until it is filled. */
  poison(page: number): void
}
