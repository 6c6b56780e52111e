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

/** Is called for each fault and each change of the mappings of a process. */
export interface MappingObserver {
  /** A fault was contained. `first`: it is the first one that is reported for its mapping. */
  fault(fault: MemoryFault, details: { readonly mapping: string; readonly first: boolean }): void
  /** A mapping changed: `[start, end)` is its range afterwards, or the last one where it is unmapped. The observer reads it only where a channel has a subscriber. */
  change(change: MappingChange, range: { readonly start: bigint; readonly end: bigint }): void
}
