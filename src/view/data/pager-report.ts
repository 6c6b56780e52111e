/**
 * What a pager says of itself: a device, a swap, or a guest's memory. A program sends a list of these for each thing that it has open;
 * the page draws what is given and says of the rest that it is not told. Counts are since it was opened; `null` is not told.
 */
export interface PagerReport {
  readonly kind: 'device' | 'swap' | 'guest'
  /** How people tell it from others: the driver's URL, the path of the store or socket. */
  readonly name: string
  /** Milliseconds since 1970. */
  readonly time: number
  readonly faults: number
  /** Faults that wait for an answer now: the queue. */
  readonly waiting: number
  readonly failures: number
  /** Bytes in memory now. */
  readonly residentBytes: number
  /** What it may keep in memory, in bytes; `null` without a limit. */
  readonly residentLimit: number | null
  /** Faults that were answered without asking the store or driver. */
  readonly hits: number | null
  /** Pages, or requests for several at once, that were asked of the store or driver. */
  readonly requests: number
  readonly bytesRead: number
  readonly evictedBytes: number
  /** Bytes that were written back to the store. */
  readonly writtenBytes: number | null
  /** Bytes that wait to be written back. */
  readonly dirtyBytes: number | null
  /** Entry `i` counts the faults that took less than 2^i microseconds and not less than half of that. */
  readonly latency: readonly number[]
  /** The order of eviction, the next to go first, as ranges of offsets in bytes; `null` where it is not told. */
  readonly evictionOrder: readonly (readonly [start: number, end: number])[] | null
}
