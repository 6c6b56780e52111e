import type { FaultSourceName } from '../../vocabulary/fault-source-name.js'

/**
 * The faults of watched memory, and the calls that end their waits: the part that serving any memory has in common.
 *
 * All calls but `interrupt` are for the thread that serves. A call for a fault returns 0 or a negative error number, and allocates
 * nothing. Addresses are numbers below 2^53, ranges are half-open and made of whole pages.
 */
export interface FaultQueue {
  readonly name: FaultSourceName
  /** Becomes readable when a fault waits, for an event loop to poll. */
  readonly descriptor: number
  /** The number by which the program names a guard source; -1 for any other. */
  readonly id: number

  /**
   * Takes the waiting faults, after waiting for one up to `timeout` milliseconds. Returns their number. `address`, `isWrite`,
   * `isFirstWrite` and `threadId` describe them until the next call. A signal wakes a thread that waits: it faults again, and has two faults then.
   */
  take(milliseconds: number): number
  /** Ends a `take` that waits, or the next one. Any thread may call it. */
  interrupt(): void
  /** The address of the page. */
  address(index: number): number
  isWrite(index: number): boolean
  /** Whether the page is visible already and only the write is new. */
  isFirstWrite(index: number): boolean
  /** The kernel's number of the thread that waits; 0 where it is not known, which is where a thread faults once for each wait. */
  threadId(index: number): number

  /** Wakes the waiters of the range, which retry their accesses. */
  wake(start: number, length: number): void
  /** Fails the waiters of the range. A later access may fail too, until the failure is reported and cleared. */
  fail(start: number, length: number): number
  close(): void
}
