/** Where a fault's page came from. */
export type FaultOrigin = 'zero' | 'staging' | 'store'

/** Buckets of a latency histogram: bucket n counts what took less than 2^n microseconds, the last one all the rest. */
export const LATENCY_BUCKETS = 24

/** The counters of a swap. Those that crosvm has too have crosvm's names, in camelCase. */
export interface SwapStatistics {
  /** Pages in memory. */
  readonly residentPages: number
  /** Pages moved aside, those being written included. */
  readonly stagingPages: number
  /** Pages in the store alone. */
  readonly swapPages: number
  /** Pages that came back from the store. */
  readonly copiedFromFilePages: number
  /** Pages that came back from staging. */
  readonly copiedFromStagingPages: number
  /** Pages that were given as zeros. */
  readonly zeroedPages: number
  /** Faults on pages that another thread's fault had brought back. */
  readonly redundantPages: number
  /** Resident pages that the kernel does not let go: locked, pinned, or shared after a fork. */
  readonly pinnedPages: number
  /** Pages that could not be read back and fail until `restore()`. */
  readonly poisonedPages: number

  /** Faults that were served. */
  readonly faults: number
  /** Pages that went to the store, whether they had to be written or not. */
  readonly evictedPages: number
  /** Pages of zeros that left memory and were not stored. */
  readonly zeroPages: number
  /** Pages that had not changed since the store got them, and were not written again. */
  readonly unchangedPages: number
  /** Pages that were read ahead of a fault. */
  readonly readAheadPages: number
  /** Calls of the store that failed. */
  readonly failures: number
  /** Bytes that went to the store. */
  readonly bytesWritten: number
  /** Bytes that came from the store. */
  readonly bytesRead: number
  /** Bytes that the store occupies, where it can tell. */
  readonly bytesUsed: number | undefined
  /** Pages that a fault read back, for each page that went to the store: near 1 the memory is too small for what the program does. */
  readonly thrashRate: number
  /** Latency histograms of faults by where the page came from: bucket n counts less than 2^n microseconds. */
  readonly latency: { readonly [origin in FaultOrigin]: readonly number[] }
}
