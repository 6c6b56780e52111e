import type { FaultRecord } from './fault-record.js'
import type { FaultScope } from './fault-scope.js'
import type { Region } from './region.js'

/** Holding memory on a kernel. */
export interface Regions {
  /**
   * mmap(2), and a region of the result. `pageSize` is the size of its pages. `unmap` frees the memory, or the collection of the region
   * object and all its views. With `MAP.FIXED`, without `MAP.FIXED_NOREPLACE`, a range that touches another region is refused with
   * `ERR_VMAREA_RANGE_IN_USE`.
   */
  mapRegion(
    address: bigint,
    length: number,
    protection: number,
    flags: number,
    descriptor: number,
    offset: number,
    pageSize: number,
  ): Region
  /** The scope for contained faults of the calling thread. */
  readonly faultScope: FaultScope
  /**
   * Calls `listener` on this thread, when its event loop runs or the thread exits, for each contained fault in a region of this thread
   * that no scope has answered. In place of the region: `'unmapped'` where its memory is gone already, and `'thread-ended'` for a fault of
   * another thread that ended before it could report it.
   */
  onFault(listener: (fault: FaultRecord, region: Region | 'unmapped' | 'thread-ended') => void): void
  /** The region of this thread that contains the address. */
  regionAt(address: bigint): Region | undefined
  /** The longest buffer of `view`, in bytes. 0 where there are no views. */
  readonly longestView: number
}
