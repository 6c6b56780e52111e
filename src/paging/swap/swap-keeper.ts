import type { FaultRecord } from '../../kernel/fault-record.js'
import type { Region } from '../../kernel/region.js'
import type { RegionKeeper } from '../../kernel/region-keeper.js'
import { hex } from '../../vocabulary/hex.js'
import { MADV } from '../../vocabulary/madv.js'
import { UsageError } from '../../vocabulary/usage-error.js'

export interface SwapKeeperInit {
  explain(fault: FaultRecord): FaultRecord
  restored(start: number, end: number): void
  /** Gives an advice that drops the content of a range. Without this function the kernel gets it, and the serving thread learns of it. */
  discard?(start: number, length: number, advice: number, apply: () => void): void
  /** The protection of a range was changed, to `protection` of `PROT`. */
  protected?(range: { readonly start: number; readonly length: number; readonly protection: number }): void
  /** A range was unmapped. */
  unmapped?(start: number, length: number): void
}

/** Keeps the regions of one swap. The serving thread learns of their changes from the events of its userfaultfd. */
export class SwapKeeper implements RegionKeeper {
  readonly kind = 'swap'
  readonly #init: SwapKeeperInit
  readonly #regions = new Set<Region>()
  readonly #shared = new WeakSet<Region>()

  constructor(init: SwapKeeperInit) {
    this.#init = init
  }

  attach(region: Region, isShared: boolean): void {
    region.keeper = this
    if (isShared) this.#shared.add(region)
    this.#regions.add(region)
  }

  detach(): void {
    for (const region of this.#regions) if (region.keeper === this) region.keeper = undefined
    this.#regions.clear()
  }

  get regions(): Iterable<Region> {
    return this.#regions
  }

  protecting(region: Region, offset: number, length: number, protection: number, apply: () => void): void {
    apply()
    this.#init.protected?.({ start: Number(region.start) + offset, length, protection })
  }

  advising(region: Region, advice: number, offset: number, length: number, apply: () => void): void {
    const isZap = advice === MADV.DONTNEED || advice === MADV.DONTNEED_LOCKED
    // On shared memory this advice drops no content, but the serving thread would read it as advice that does.
    if (isZap && this.#shared.has(region)) return
    const { discard } = this.#init
    if (discard === undefined || !(isZap || advice === MADV.REMOVE)) apply()
    else discard(Number(region.start) + offset, length, advice, apply)
  }

  unmapping(region: Region): void {
    if (!this.#shared.has(region)) return
    throw new UsageError(
      'ERR_VMAREA_SWAPPED',
      `the memory at ${hex(region.start)} is that of a file of which pages are out: exit() the swap before it is unmapped, or they are lost`,
    )
  }

  absorbing(region: Region, next: Region, apply: () => void): void {
    if (next.keeper !== this) {
      throw new UsageError(
        'ERR_VMAREA_SWAPPED',
        `the memory at ${hex(region.start)} and that at ${hex(next.start)} belong to two swaps: exit() them before the memory is merged`,
      )
    }
    apply()
    this.#regions.delete(next)
  }

  split(region: Region, rest: Region): void {
    this.attach(rest, this.#shared.has(region))
  }

  resizing(region: Region, length: number): void {
    throw new UsageError(
      'ERR_VMAREA_SWAPPED',
      `the ${region.length} bytes at ${hex(region.start)} are swapped and can't get a length of ${length} bytes: exit() the swap first`,
    )
  }

  resized(): void {}

  unmapped(region: Region, start: bigint, length: number): void {
    if (region.keeper !== this) this.#regions.delete(region)
    this.#init.unmapped?.(Number(start), length)
  }

  explain(fault: FaultRecord): FaultRecord {
    return this.#init.explain(fault)
  }

  restored({ start, length }: Region): void {
    this.#init.restored(Number(start), Number(start) + length)
  }
}
