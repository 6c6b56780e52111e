import type { RawGuestStatistics } from '../kernel/guest-host.js'

/** What was done for a guest so far. Pages are of the region's size. */
export interface GuestStatistics extends Omit<RawGuestStatistics, 'latency' | 'unprotected'> {
  /** Pages of the guest. */
  readonly pages: number
  /** Faults that were answered, and their times in microseconds, from the reading of the fault to its answer. */
  readonly faults: number
  readonly latency: { readonly p50: number; readonly p99: number }
}

/** @internal */
export function guestStatistics(raw: RawGuestStatistics, pages: number): GuestStatistics {
  const { latency, unprotected: _, ...counts } = raw
  const faults = latency.reduce((sum, count) => sum + count, 0)
  return {
    ...counts,
    pages,
    faults,
    latency: { p50: percentile(latency, faults, 0.5), p99: percentile(latency, faults, 0.99) },
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
