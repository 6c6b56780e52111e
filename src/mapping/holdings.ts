import type { FaultRecord } from '../kernel/fault-record.js'
import type { Kernel } from '../kernel/kernel.js'
import { MemoryFault } from '../vocabulary/memory-fault.js'
import type { Holding } from './holding.js'
import type { MappingObserver } from './observer.js'

/**
 * The holdings of one process, as far as a fault must find its way back to them: only memory with a view can be touched unasked.
 */
export class Holdings {
  readonly kernel: Kernel
  readonly observer: MappingObserver | undefined
  // By the region's handle, which outlives neither. Weak: being found must not keep memory.
  readonly #viewed = new Map<number, WeakRef<Holding>>()
  readonly #collected = new FinalizationRegistry<number>((handle) => this.#viewed.delete(handle))
  #listening = false

  constructor(kernel: Kernel, observer?: MappingObserver) {
    this.kernel = kernel
    this.observer = observer
  }

  /** From now on, faults in the holding are told. */
  watch(holding: Holding): void {
    const { handle } = holding.region
    if (this.#viewed.has(handle)) return
    this.#viewed.set(handle, new WeakRef(holding))
    this.#collected.register(holding, handle, holding)
    if (this.#listening) return
    this.#listening = true
    this.kernel.regions.onFault((fault, handle) => this.#tell(fault, this.#viewed.get(handle)?.deref()))
  }

  forget(holding: Holding): void {
    if (this.#viewed.delete(holding.region.handle)) this.#collected.unregister(holding)
  }

  /** The error for a contained fault, whichever mapping it was in. */
  faultError(fault: FaultRecord, cause?: { readonly cause: unknown }): MemoryFault {
    for (const reference of this.#viewed.values()) {
      const holding = reference.deref()
      if (holding?.contains(fault.address)) return holding.faultError(fault, cause)
    }
    return new MemoryFault({ ...fault, offset: 0, ...cause })
  }

  #tell(fault: FaultRecord, holding: Holding | undefined): void {
    const error = holding?.faultError(fault) ?? new MemoryFault({ ...fault, offset: 0 })
    const first = holding?.tellOnce() ?? true
    this.observer?.fault(error, { mapping: holding?.describe() ?? 'unmapped memory', first })
  }
}
