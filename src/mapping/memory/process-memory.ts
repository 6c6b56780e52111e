import type { FaultRecord } from '../../kernel/fault-record.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { Region } from '../../kernel/region.js'
import { MemoryFault } from '../../vocabulary/memory-fault.js'
import type { HeldMemory } from './held-memory.js'
import type { MappingObserver } from './observer.js'

/** What the memory of one process shares: the kernel, and how a fault finds its mapping. */
export class ProcessMemory {
  readonly kernel: Kernel
  readonly observer: MappingObserver | undefined
  /** By `Backing.file`: files whose pages a swap takes away, and whether it still does. Another mapping would find holes. */
  readonly swappedFiles: Map<string, () => boolean> = new Map()
  #listening = false
  #reportedUnmapped = false

  constructor(kernel: Kernel, observer?: MappingObserver) {
    this.kernel = kernel
    this.observer = observer
  }

  /** Reports contained faults from now on. Called for the first view, because only memory with a view can be touched outside a call. */
  listen(): void {
    if (this.#listening) return
    this.#listening = true
    this.kernel.regions.onFault((fault, region) => {
      if (typeof region === 'string') this.#reportUnmapped(fault, region)
      else this.#report(fault, holdingOf(region)!)
    })
  }

  /** The error for a contained fault in any mapping. */
  faultError(fault: FaultRecord, cause?: { readonly cause: unknown }): MemoryFault {
    const holding = holdingOf(this.kernel.regions.regionAt(fault.address))
    return holding?.faultError(fault, cause) ?? new MemoryFault({ ...fault, offset: Number.NaN, ...cause })
  }

  #report(fault: FaultRecord, holding: HeldMemory): void {
    this.observer?.fault(holding.faultError(fault), { mapping: holding.describe(), first: holding.reportOnce() })
  }

  #reportUnmapped(fault: FaultRecord, why: 'unmapped' | 'thread-ended'): void {
    const error = new MemoryFault({ ...fault, offset: Number.NaN })
    if (why === 'thread-ended') {
      this.observer?.fault(error, { mapping: 'memory of a thread that has ended', first: true })
      return
    }
    this.observer?.fault(error, { mapping: 'a mapping that is gone by now', first: !this.#reportedUnmapped })
    this.#reportedUnmapped = true
  }
}

function holdingOf(region: Region | undefined): HeldMemory | undefined {
  return region?.owner as HeldMemory | undefined
}
