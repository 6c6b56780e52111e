import type { FaultOutcome, RawGuestStatistics, RawLatency } from '../kernel/guest-host.js'
import { latencyByOctave } from './latency-by-octave.js'

/** Times of answers in microseconds: of a fault from its reading to the answer. A percentile is the upper end of a bucket, at most a quarter too large. */
export interface FaultLatency {
  /** The number of answers. */
  readonly count: number
  /** The sum of their times. */
  readonly sum: number
  /** The median. */
  readonly p50: number
  /** The 99th percentile. */
  readonly p99: number
  /** Entry `i` counts the answers that took less than 2^i microseconds and not less than half of that. The last one counts all that took longer. */
  readonly octaves: readonly number[]
}

/** What was done for a guest so far. Pages are of the region's size. */
export interface GuestStatistics extends Omit<RawGuestStatistics, 'latencies' | 'unprotected'> {
  /** Pages of the guest. */
  readonly pages: number
  /** Faults that were answered: those of `outcomes` but for `prefetched` and `failed`. */
  readonly faults: number
  /** The times of `faults`. */
  readonly latency: FaultLatency
  /** Answers by how they came out. */
  readonly outcomes: Readonly<Record<FaultOutcome, FaultLatency>>
}

const FAULTS = ['missing', 'removed', 'raced', 'retried'] as const

/** @internal */
export function guestStatistics(raw: RawGuestStatistics, pages: number): GuestStatistics {
  const { latencies, unprotected: _, ...counts } = raw
  const latency = latencyOf(together(FAULTS.map((outcome) => latencies[outcome])))
  const { missing, removed, prefetched, raced, retried, failed } = latencies
  return {
    ...counts,
    pages,
    faults: latency.count,
    latency,
    outcomes: {
      missing: latencyOf(missing),
      removed: latencyOf(removed),
      prefetched: latencyOf(prefetched),
      raced: latencyOf(raced),
      retried: latencyOf(retried),
      failed: latencyOf(failed),
    },
  }
}

function together(latencies: readonly RawLatency[]): RawLatency {
  return {
    sum: latencies.reduce((sum, one) => sum + one.sum, 0),
    buckets: latencies[0]!.buckets.map((_, bucket) =>
      latencies.reduce((sum, { buckets }) => sum + buckets[bucket]!, 0),
    ),
  }
}

function latencyOf({ sum, buckets }: RawLatency): FaultLatency {
  const count = buckets.reduce((total, inIt) => total + inIt, 0)
  return {
    count,
    sum: sum / 1000,
    p50: percentile(buckets, count, 0.5),
    p99: percentile(buckets, count, 0.99),
    octaves: latencyByOctave(buckets),
  }
}

/** In microseconds: the end of the bucket that the fault at this part of all is in. */
function percentile(buckets: Float64Array, count: number, part: number): number {
  let left = Math.ceil(count * part)
  for (const [bucket, inIt] of buckets.entries()) {
    left -= inIt
    if (left <= 0 && count > 0) return (2 ** Math.floor(bucket / 4) * (1 + ((bucket % 4) + 1) / 4)) / 1000
  }
  return 0
}
