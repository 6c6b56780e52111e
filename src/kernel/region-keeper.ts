import type { FaultRecord } from './fault-record.js'
import type { Region } from './region.js'

/**
 * What serves the pages of a region and takes part in each change of it: the pager of a device, a swap. Set `Region.keeper` to attach one
 * to a region that exists; a region has one at most.
 *
 * A region calls its keeper on the thread and during the call that changes it. A hook that is given the change as `apply` calls it once, or
 * makes the change in its own way, or throws to refuse it; nothing has changed then. The other hooks are called after a change, and what
 * they throw comes out of the call that made it.
 */
export interface RegionKeeper {
  /** What it is, in a word. Regions with keepers of different kinds do not merge. */
  readonly kind: string
  /** mprotect(2) of a part, to `protection` of `PROT`. */
  protecting(region: Region, offset: number, length: number, protection: number, apply: () => void): void
  /** `region` is about to take in `next`, which has a keeper of the same kind. That one is called no more. */
  absorbing(region: Region, next: Region, apply: () => void): void
  /** The region has been cut in two. The keeper attaches one to `rest`. */
  split(region: Region, rest: Region): void
  /** madvise(2) of a part. Without this hook, or where it calls `apply`, the kernel is advised. */
  advising?(region: Region, advice: number, apply: () => void): void
  /** A part of the region, or all, is about to be unmapped. Throws to refuse it. */
  unmapping?(region: Region): void
  /** The region is about to get another length. Throws to refuse it. */
  resizing?(region: Region, length: number): void
  /** The region has another length, and may be elsewhere. */
  resized(region: Region, oldLength: number): void
  /** Nothing of the region's memory is left in `[start, start + length)`: a part of it, or all, and then the keeper is called no more. */
  unmapped(region: Region, start: bigint, length: number): void
  /** Adds to a fault what the keeper knows of it. */
  explain?(fault: FaultRecord): FaultRecord
  /** The true pages are back under all that was contained. */
  restored(region: Region): void
}
