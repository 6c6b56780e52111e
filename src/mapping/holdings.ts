import type { FaultRecord } from '../kernel/fault-record.js'
import type { Kernel } from '../kernel/kernel.js'
import type { Region } from '../kernel/region.js'
import { MemoryFault } from '../vocabulary/memory-fault.js'
import type { Holding } from './holding.js'
import type { MappingObserver } from './observer.js'

/** What the holdings of one process share: the kernel, and the way from a fault to the mapping that it was in. */
export class Holdings {
  readonly kernel: Kernel
  readonly observer: MappingObserver | undefined
  #listening = false
  #toldOfGone = false

  constructor(kernel: Kernel, observer?: MappingObserver) {
    this.kernel = kernel
    this.observer = observer
  }

  /** From now on, contained faults are told. Only memory with a view can be touched unasked, so the first view is soon enough. */
  listen(): void {
    if (this.#listening) return
    this.#listening = true
    this.kernel.regions.onFault((fault, region) => this.#tell(fault, holdingOf(region)))
  }

  /** The error for a contained fault, whichever mapping it was in. */
  faultError(fault: FaultRecord, cause?: { readonly cause: unknown }): MemoryFault {
    const holding = holdingOf(this.kernel.regions.regionAt(fault.address))
    return holding?.faultError(fault, cause) ?? new MemoryFault({ ...fault, offset: 0, ...cause })
  }

  #tell(fault: FaultRecord, holding: Holding | undefined): void {
    const error = holding?.faultError(fault) ?? new MemoryFault({ ...fault, offset: 0 })
    const first = holding?.tellOnce() ?? !this.#toldOfGone
    if (holding === undefined) this.#toldOfGone = true
    this.observer?.fault(error, { mapping: holding?.describe() ?? 'unmapped memory', first })
  }
}

function holdingOf(region: Region | undefined): Holding | undefined {
  return region?.owner as Holding | undefined
}
