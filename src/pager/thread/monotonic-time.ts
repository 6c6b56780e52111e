import { now } from '../../paging/now.js'

/** The time on the monotonic clock at which this thread's `now()` is 0. */
const zero = Number(process.hrtime.bigint()) / 1e6 - now()

/** Milliseconds on the monotonic clock, which all threads share, and which no change of the date moves. */
export function monotonicTime(): number {
  return zero + now()
}
