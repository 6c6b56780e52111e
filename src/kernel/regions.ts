import type { FaultRecord } from './fault-record.js'
import type { FaultScope } from './fault-scope.js'
import type { Region } from './region.js'

/** How memory is held on a kernel. */
export interface Regions {
  /**
   * mmap(2), with a region over the result. `pageSize` is the size of the pages it is made of.
   * The memory goes with `unmap`, or when neither the region object nor a view of it is left.
   * With `MAP.FIXED`, without `MAP.FIXED_NOREPLACE`, a range that touches another region is refused with `ERR_VMAREA_RANGE_IN_USE`.
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
   * Calls `listener` on this thread, as soon as its event loop turns, after a fault was contained outside any scope in a region that
   * this thread made. `region` is `undefined` for memory that was unmapped already.
   */
  onFault(listener: (fault: FaultRecord, region: Region | undefined) => void): void
  /** The region of this thread around the address. */
  regionAt(address: bigint): Region | undefined
  /** How large a buffer `view` can give, in bytes. 0 where there are no views. */
  readonly longestView: number
}
