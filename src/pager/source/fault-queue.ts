import type { FaultSourceName } from '../../vocabulary/fault-source-name.js'

/**
 * The faults of watched memory, and how a server ends their waits: what serving any memory has in common.
 *
 * All of it is for the thread that serves, save `interrupt`. A call for a fault returns 0 or a negative error number, and allocates
 * nothing. Addresses are numbers below 2^53, ranges are half-open and made of whole pages.
 */
export interface FaultQueue {
  readonly name: FaultSourceName
  /** Becomes readable when a fault waits, for an event loop to poll. */
  readonly descriptor: number
  /** The number by which the program names a guard source; -1 for any other. */
  readonly id: number

  /**
   * Takes the faults that wait, after waiting up to so many milliseconds for one. Returns how many. `address`, `isWrite` and `isFirstWrite`
   * describe them until the next call.
   */
  take(milliseconds: number): number
  /** Ends a `take` that waits, or the next one. Any thread may call it. */
  interrupt(): void
  /** The address of the page. */
  address(index: number): number
  isWrite(index: number): boolean
  /** The page is in view already, and only writing it is new. */
  isFirstWrite(index: number): boolean

  /** Wakes the waiters of the range: their accesses are tried again. */
  wake(start: number, length: number): void
  /** Fails the waiters of the range. An access that comes before the failure was reported and taken away may fail as well. */
  fail(start: number, length: number): number
  close(): void
}
