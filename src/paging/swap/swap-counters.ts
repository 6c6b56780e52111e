import { type FaultOrigin, LATENCY_BUCKETS } from './swap-statistics.js'

/** The counters behind `SwapStatistics`. */
export class SwapCounters {
  faults = 0
  copiedFromStore = 0
  copiedFromStaging = 0
  zeroed = 0
  redundant = 0
  evicted = 0
  zeroPages = 0
  unchanged = 0
  readAhead = 0
  failures = 0
  bytesWritten = 0
  bytesRead = 0
  demandReads = 0
  readonly latency: { readonly [origin in FaultOrigin]: number[] } = {
    zero: new Array<number>(LATENCY_BUCKETS).fill(0),
    staging: new Array<number>(LATENCY_BUCKETS).fill(0),
    store: new Array<number>(LATENCY_BUCKETS).fill(0),
  }

  /** A fault was served after so many milliseconds. */
  served(origin: FaultOrigin, milliseconds: number): void {
    this.faults++
    const bucket = Math.max(0, Math.min(LATENCY_BUCKETS - 1, Math.ceil(Math.log2(Math.max(milliseconds * 1000, 1)))))
    this.latency[origin][bucket]!++
  }
}
