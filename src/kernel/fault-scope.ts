import type { FaultRecord } from './fault-record.js'

/**
 * A run of synchronous code in which contained faults of the calling thread are collected instead of being left to the regions.
 *
 * Scopes nest as calls do. A kernel without views reports every fault in the call that caused it, and its scopes are empty.
 */
export interface FaultScope {
  /** Returns the mark for `leave`. The faults of a scope that is never left are reported as those outside of any. */
  enter(): number
  /**
   * Closes the scope that `enter` opened. Puts the true pages back under every fault that was contained in it and returns the first of
   * them, or `undefined` where there was none.
   */
  leave(mark: number): FaultRecord | undefined
}
