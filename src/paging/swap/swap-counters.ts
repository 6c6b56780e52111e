import { type FaultOrigin, LATENCY_BUCKETS } from '../../kernel/swap/swap-statistics.js'

/** The counters, by their index in `SwapCounters.values`. */
export const COUNT = {
  FAULTS: 0,
  COPIED_FROM_STORE: 1,
  COPIED_FROM_STAGING: 2,
  ZEROED: 3,
  REDUNDANT: 4,
  EVICTED: 5,
  ZERO_PAGES: 6,
  UNCHANGED: 7,
  READ_AHEAD: 8,
  FAILURES: 9,
  BYTES_WRITTEN: 10,
  BYTES_READ: 11,
  DEMAND_READS: 12,
  /** Bytes that the store occupies; -1 where the store can't tell. */
  BYTES_USED: 13,
  TRANSITION_PAGES: 14,
  TRANSITION_MILLISECONDS: 15,
  /** Bytes; `Infinity` without a budget. */
  RESIDENT_LIMIT: 16,
  /** The pages that the clock's two hands point to: the next to stage, and the next to write. See `page`. */
  STAGE_HAND: 17,
  WRITE_HAND: 18,
} as const

const COUNTS = 19
/** Microseconds: longer latencies count as this one. */
const LONGEST = 2 ** 31
/** By the index of their histogram. */
const ORIGINS: { readonly [origin in FaultOrigin]: number } = { zero: 0, staging: 1, store: 2 }

/** The counters behind `SwapStatistics`. They may lie in memory that another thread reads; one thread writes them. */
export class SwapCounters {
  /** The length of `values`. */
  static readonly LENGTH: number = COUNTS + Object.keys(ORIGINS).length * LATENCY_BUCKETS
  readonly values: Float64Array

  constructor(values: Float64Array) {
    this.values = values
  }

  get(counter: number): number {
    return this.values[counter]!
  }

  /**
   * The page that a hand points to. A double, as `get` returns, would make each page that is counted from it one, and an array of them another
   * array for the engine than all others. A page of a swap has 32 bits.
   */
  page(hand: number): number {
    return this.values[hand]! >>> 0
  }

  add(counter: number, amount = 1): void {
    this.values[counter]! += amount
  }

  /** Counts a fault that was served after `milliseconds`. */
  served(origin: FaultOrigin, milliseconds: number): void {
    this.add(COUNT.FAULTS)
    // The logarithm, rounded up.
    const bucket = 32 - Math.clz32(Math.min(Math.max(Math.ceil(milliseconds * 1000), 1), LONGEST) - 1)
    this.add(COUNTS + ORIGINS[origin] * LATENCY_BUCKETS + Math.min(bucket, LATENCY_BUCKETS - 1))
  }

  latency(origin: FaultOrigin): readonly number[] {
    const from = COUNTS + ORIGINS[origin] * LATENCY_BUCKETS
    return [...this.values.subarray(from, from + LATENCY_BUCKETS)]
  }
}
