/** Why the kernel did not move or fill a page. */
export const REFUSAL = {
  /** No page is there: the program has dropped it. */
  MISSING: 'missing',
  /** A page is there already. */
  PRESENT: 'present',
  /** The kernel does not let it go: it is locked, pinned or shared. */
  PINNED: 'pinned',
  /** The layout is changing: retry. */
  AGAIN: 'again',
  /** The memory was unmapped. */
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
  /** Why the last call stopped before its last page. */
  readonly refusal: Refusal | undefined
  /** One more than the last page of the region that holds the page. */
  regionEnd(page: number): number

  /** Moves resident pages with their content to staging memory. A touch then faults. */
  stage(page: number, count: number): number
  /** Puts staged pages back and wakes their waiters. */
  unstage(page: number, count: number): number
  /** Copies staged pages to `into`, and the digest of each to `digests`. */
  read(pages: readonly number[], into: Uint8Array, digests: Float64Array): void
  /** Drops staged pages. */
  drop(pages: readonly number[]): void
  /**
   * The digest of each page in `bytes`: an integer from 0 to 2^53 - 1, which is 0 for a page of zeros alone. It tells damage and changes. It
   * is the same for as long as the memory is swapped.
   */
  digest(bytes: Uint8Array, digests: Float64Array): void
  /** Installs content in missing and poisoned pages, and wakes their waiters. */
  fill(page: number, count: number, bytes: Uint8Array): number
  /** Installs zeros in missing pages, and wakes their waiters. */
  zero(page: number, count: number): number
  /** Wakes waiters, which fault again. */
  wake(page: number, count: number): void
  /** Makes each access to a missing page fail, until it is filled. */
  poison(page: number): void
}
