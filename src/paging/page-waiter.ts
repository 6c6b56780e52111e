import type { VmError } from '../vocabulary/vm-error.js'

/** Why a waiter does not get its page. */
export interface PageRefusal {
  /** `undefined` is a fault of which nothing more is known. */
  readonly reason: VmError | undefined
  /** The pages that the refused request was for, `[offset, end)` in bytes. */
  readonly offset: number
  readonly end: number
  /** The request was for more pages than the waiter needs: a request for its page alone may succeed. */
  readonly mayRetry: boolean
}

/** A wait for one page: of an access, or of a call that brings pages into memory. */
export interface PageWaiter {
  /** Of the page, in bytes of the memory that is served. */
  readonly offset: number
  /** When the wait began, on the clock of `performance.now()`. */
  readonly since: number
  /** An access waits. How long it waited counts in the histogram. */
  readonly isAccess: boolean
  /** The call whose waits are given up together. */
  readonly owner?: object
  /** Ends the wait. Without a refusal the access is to be tried again: the page is in memory, unless the server was released. */
  settle(refusal?: PageRefusal): void
}
