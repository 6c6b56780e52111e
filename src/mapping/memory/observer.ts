import type { MemoryFault } from '../../vocabulary/memory-fault.js'

/** What was done to a mapping. */
export type MappingChange =
  | 'map'
  | 'unmap'
  | 'protect'
  | 'split'
  | 'merge'
  | 'resize'
  | 'commit'
  | 'decommit'
  | 'restore'

/** Hears of what happens to the mappings of a process. */
export interface MappingObserver {
  /** A fault was contained. `first`: the first one of its mapping that no `access` has answered for. */
  fault(fault: MemoryFault, details: { readonly mapping: string; readonly first: boolean }): void
  /** A mapping changed: `[start, end)` is its range afterwards, or before where it is gone. Read only where a channel has a subscriber. */
  change(change: MappingChange, range: { readonly start: bigint; readonly end: bigint }): void
}
