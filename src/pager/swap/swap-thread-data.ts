import type { RawSwapOptions } from '../../kernel/swap/swaps.js'
import type { SwapRange } from '../../paging/swap/swap-range.js'
import type { FaultSourceAddress } from '../source/fault-source-address.js'
import type { ServingThreadData } from '../thread/serving-thread-data.js'
import type { SwapWay } from './swap-way.js'

/** A range whose content an advice of `MADV` has dropped. */
export interface Discarded {
  readonly start: number
  readonly length: number
  readonly advice: number
}

/** A range that the program has unmapped. */
export interface Unmapped {
  readonly start: number
  readonly length: number
}

/** The protection of a range, of `PROT`. */
export interface ProtectedRange {
  readonly start: number
  readonly length: number
  readonly protection: number
}

/** The data that the thread of a swap is started with. */
export interface SwapThreadData extends ServingThreadData {
  readonly ranges: readonly SwapRange[]
  /** The address of the staging memory, which stays the program's. */
  readonly staging: number
  /** The memory of the `StagingSlots`. */
  readonly slots: SharedArrayBuffer
  readonly source: FaultSourceAddress
  readonly way: SwapWay
  readonly store: { readonly module: string; readonly options: unknown }
  readonly options: Pick<RawSwapOptions, 'timeout' | 'residentLimit' | 'lowWater' | 'highWater'>
  /** The listening descriptor of the control socket, which stays the program's, and its path. */
  readonly control: { readonly listener: number; readonly path: string } | undefined
  /** The memory of the `SwapRecord`. */
  readonly record: SharedArrayBuffer
  /** Whether the record is that of an earlier thread, which has ended. */
  readonly continues: boolean
  /** What the program has dropped while no thread served, and no event reports. */
  readonly discarded: readonly Discarded[]
  /** What the program has unmapped since the swap was opened. Other memory may be there now. */
  readonly unmapped: readonly Unmapped[]
  /** Where the memory is not just readable and writable: the guard hides it by its protection. Later ones count. */
  readonly protections: readonly ProtectedRange[]
}
