import type { VmError } from '../vocabulary/vm-error.js'

/** Why a waiter does not get its page. */
export interface PageRefusal {
  /** `undefined` where the reason is not known. */
  readonly reason: VmError | undefined
  /** The pages that the refused request was for, `[offset, end)` in bytes. */
  readonly offset: number
  readonly end: number
  /** Whether the request was for more pages than the waiter requires, so that a request for its page alone may succeed. */
  readonly mayRetry: boolean
}

/** A wait for one page, by an access or by a call that brings pages into memory. */
export interface PageWaiter {
  /** The offset of the page in the served memory, in bytes. */
  readonly offset: number
  /** When the wait began, on the clock of `performance.now()`. */
  readonly since: number
  /** Whether an access waits: the histogram counts its time. */
  readonly isAccess: boolean
  /** The call whose waits are cancelled together. */
  readonly owner?: object
  /** Ends the wait. Without a refusal the access retries: the page is in memory, unless the server was released. */
  settle(refusal?: PageRefusal): void
}
