import type { SwapMemory } from '../../../paging/swap/swap-memory.js'
import type { FaultQueue } from '../../source/fault-queue.js'
import type { Discarded } from '../swap-thread-data.js'

/** The kernel's side of a swap: where its faults come from, and how its pages move. */
export interface SwapBacking {
  readonly faults: FaultQueue
  readonly memory: SwapMemory

  /** Takes the faults of the memory from now on: only the engine installs pages. Throws `VmError`. */
  watch(): void
  /** Pages that are in memory, and those that an earlier thread has staged, after `watch`. */
  pages(): { readonly resident: readonly PageRun[]; readonly staged: readonly PageRun[] }
  /** Follows the layout events that arrived while no thread served. */
  followMissed(): void
  /** Gives the kernel an advice that drops the content of a range, and tells the engine nothing of it. Throws `VmError`. */
  discard(range: Discarded): void
  /** Answers a fault in memory that the program has appended to a range: it was never swapped. */
  serveAppended(address: number): void
  /** Ends the watch of all memory and wakes its waiters. Pages that `isLost` names go on failing. */
  release(isLost: (page: number) => boolean): void
  close(): void
}

/** Pages that follow each other. */
export interface PageRun {
  readonly page: number
  readonly count: number
}
