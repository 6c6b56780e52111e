import type { FaultRecord } from '../../kernel/fault-record.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { Region } from '../../kernel/region.js'
import { MemoryFault } from '../../vocabulary/memory-fault.js'
import type { HeldMemory } from './held-memory.js'
import type { MappingObserver } from './observer.js'

/** What the holdings of one process share: the kernel, and the way from a fault to the mapping that it was in. */
export class ProcessMemory {
  readonly kernel: Kernel
  readonly observer: MappingObserver | undefined
  /** By `Backing.file`: files whose pages a swap takes away, and whether it still does. Another mapping would find holes. */
  readonly swappedFiles: Map<string, () => boolean> = new Map()
  #listening = false
  #toldOfGone = false

  constructor(kernel: Kernel, observer?: MappingObserver) {
    this.kernel = kernel
    this.observer = observer
  }

  /** Reports contained faults from now on. Only memory with a view can be touched outside a call, so the first view is early enough. */
  listen(): void {
    if (this.#listening) return
    this.#listening = true
    this.kernel.regions.onFault((fault, region) => {
      if (typeof region === 'string') this.#tellOfGone(fault, region)
      else this.#tell(fault, holdingOf(region)!)
    })
  }

  /** The error for a contained fault, whichever mapping it was in. */
  faultError(fault: FaultRecord, cause?: { readonly cause: unknown }): MemoryFault {
    const holding = holdingOf(this.kernel.regions.regionAt(fault.address))
    return holding?.faultError(fault, cause) ?? new MemoryFault({ ...fault, offset: 0, ...cause })
  }

  #tell(fault: FaultRecord, holding: HeldMemory): void {
    this.observer?.fault(holding.faultError(fault), { mapping: holding.describe(), first: holding.tellOnce() })
  }

  #tellOfGone(fault: FaultRecord, why: 'unmapped' | 'thread-ended'): void {
    const error = new MemoryFault({ ...fault, offset: 0 })
    if (why === 'thread-ended') {
      this.observer?.fault(error, { mapping: 'memory of a thread that has ended', first: true })
      return
    }
    this.observer?.fault(error, { mapping: 'unmapped memory', first: !this.#toldOfGone })
    this.#toldOfGone = true
  }
}

function holdingOf(region: Region | undefined): HeldMemory | undefined {
  return region?.owner as HeldMemory | undefined
}
