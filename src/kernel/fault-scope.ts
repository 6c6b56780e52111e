import type { FaultRecord } from './fault-record.js'

/**
 * A stretch of synchronous code in which contained faults of the calling thread are collected instead of being left to the regions.
 *
 * Scopes nest as calls do. A kernel without views has no faults that go unseen, and its scopes are empty.
 */
export interface FaultScope {
  /** Returns the mark to leave the scope with. A scope that is never left reports its faults as if it had not been there. */
  enter(): number
  /**
   * Closes the scope that `enter` opened. Puts the true pages back under every fault that was contained in it and returns the first of
   * them, or `undefined` where there was none.
   */
  leave(mark: number): FaultRecord | undefined
}
