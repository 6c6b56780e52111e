import type { FaultSourceName } from '../../vocabulary/fault-source-name.js'
import type { EvictionOrder } from '../../vocabulary/reports/eviction-order.js'
import type { SwapCommand, SwapState } from './swap-state.js'
import type { SwapStatistics } from './swap-statistics.js'

/** The raw swap of a kernel. */
export interface RawSwap {
  readonly source: FaultSourceName
  readonly state: SwapState
  readonly statistics: SwapStatistics
  /** Which pages leave next. `undefined` without a budget, and once it has ended. */
  evictionOrder(): EvictionOrder | undefined
  /** The budget in bytes; `Infinity` without one. */
  readonly residentLimit: number
  /** The last command that ended: the pages that it moved, and its time in milliseconds. */
  readonly transition: { readonly pages: number; readonly milliseconds: number }
  /** Why pages can't leave memory at the moment. */
  readonly failure: Error | undefined
  /** `dead`: the thread that serves has ended. */
  readonly service: 'serving' | 'dead' | 'ended'

  command(command: SwapCommand): Promise<void>
  setResidentLimit(bytes: number): Promise<void>
  /** Asks the store again for pages that could not be read. */
  restore(): Promise<void>
  /** Brings all pages back and ends the swap. Rejects, ended as well, with the number of pages that could not be read: they stay poisoned. */
  exit(): Promise<void>
  /** Starts another thread where the one that served has ended. Pages that the store, which is opened again, does not have are lost. */
  restart(): Promise<void>
  onFailure(listener: (error: Error | undefined) => void): void
  onDeath(listener: (cause: Error) => void): void
}
