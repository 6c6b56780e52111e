/** The counters of a device since it was opened. Members with `bytes` in their name are in bytes; `latency` is a histogram. */
export interface DeviceStatistics {
  /** Faults that were taken: the same page may fault on several threads, and again after it was dropped. */
  readonly faults: number
  /** Faults on pages that were in memory already, so that the driver was not called. */
  readonly hits: number
  /** Calls of the `fault` hook. */
  readonly fills: number
  /** Bytes that the `fault` hook provided. */
  readonly bytesFilled: number
  /** Waits that ended with an error, the timed-out included. */
  readonly failures: number
  /** Waits that reached the time limit. */
  readonly timeouts: number
  /** Faults and prefetches that wait for an answer now. */
  readonly waiting: number
  /** Bytes of the device that are in memory now. */
  readonly bytesResident: number
  /** Bytes that were dropped to keep within `residentLimit`. */
  readonly bytesDropped: number
  /** Bytes of whole pages that the `writeback` hook took. */
  readonly bytesWrittenBack: number
  /** Bytes of whole pages that programs have written to and that the `writeback` hook has not taken yet. */
  readonly bytesUnwritten: number
  /**
   * How long faults waited, from when the pager took them: entry `i` counts those that took less than 2^i microseconds and not less than
   * half of that. The last one counts all that took longer.
   */
  readonly latency: readonly number[]
}
