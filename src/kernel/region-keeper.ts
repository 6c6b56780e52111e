import type { FaultRecord } from './fault-record.js'
import type { Region } from './region.js'

/**
 * The server of a region's pages, which takes part in each change of the region: the pager of a device, or a swap. Set `Region.keeper` to
 * attach one to an existing region; a region has one at most.
 *
 * A region calls its keeper on the thread and during the call that changes it. A hook with an `apply` parameter calls it once, or makes
 * the change in its own way, or throws to refuse it, with nothing changed. The other hooks are called after a change, and the call that
 * made it throws their errors.
 */
export interface RegionKeeper {
  /** One word for the kind of keeper. Regions with keepers of different kinds do not merge. */
  readonly kind: string
  /** mprotect(2) of a part, to `protection` of `PROT`. */
  protecting(region: Region, offset: number, length: number, protection: number, apply: () => void): void
  /** `region` is about to absorb `next`, whose keeper is of the same kind and is not called any more. */
  absorbing(region: Region, next: Region, apply: () => void): void
  /** The region has been split. The keeper attaches a keeper to `rest`. */
  split(region: Region, rest: Region): void
  /** madvise(2) of a part. Without this hook, or where it calls `apply`, the kernel gets the advice. */
  advising?(region: Region, advice: number, offset: number, length: number, apply: () => void): void
  /** A part of the region, or all, is about to be unmapped. Throws to refuse it. */
  unmapping?(region: Region): void
  /** The length of the region is about to change. Throws to refuse it. */
  resizing?(region: Region, length: number): void
  /** The length of the region has changed, and perhaps its address. */
  resized(region: Region, oldLength: number): void
  /** `[start, start + length)`, a part of the region or all of it, was unmapped. After all of it the keeper is not called any more. */
  unmapped(region: Region, start: bigint, length: number): void
  /** A fault with the reason that the keeper knows. */
  explain?(fault: FaultRecord): FaultRecord
  /** The true pages are back at every contained fault. */
  restored(region: Region): void
}
