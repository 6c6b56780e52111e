import type { EvictionOrder } from './eviction-order.js'

/**
 * What a device, a swap or a guest says of itself, for `offerStatistics`. Counts are since it was opened, sizes in bytes. `null` is what it
 * does not know, which is not zero.
 */
export interface PagerReport {
  /** What reports. */
  readonly kind: 'device' | 'swap' | 'guest'
  /** `serving`: faults are answered. `dead`: the thread that answered them has ended. `ended`: it was closed, or the guest is gone. */
  readonly state: 'serving' | 'dead' | 'ended'
  /** Faults that were taken. */
  readonly faults: number
  /** Faults that wait for an answer now: the queue. */
  readonly waiting: number | null
  /** Calls of the driver or store that failed, or pages of a guest that could not be read. */
  readonly failures: number
  /** In memory now. */
  readonly residentBytes: number
  /** What may be in memory at most; `null` without a limit. */
  readonly residentLimit: number | null
  /** Pages that a fault got without a question to the driver, store or source. */
  readonly hits: number | null
  /** Questions to the driver, or pages that the store or source was asked for. */
  readonly requests: number
  /** Bytes that came from the driver, store or source. */
  readonly bytesRead: number
  /** What left memory: dropped, swapped out or given back. */
  readonly evictedBytes: number
  /** What was written to the store. */
  readonly writtenBytes: number | null
  /** What waits to be written to the store. */
  readonly stagedBytes: number | null
  /** Which pages leave next; `null` where it is not known yet, or none leave: without a budget, and for guests. */
  readonly eviction: EvictionOrder | null
  /** Entry `i` counts the faults that took less than 2^i microseconds and not less than half of that. The last one counts all that took longer. */
  readonly latency: readonly number[]
}
