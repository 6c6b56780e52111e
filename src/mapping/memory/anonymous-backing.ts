import type { FaultRecord } from '../../kernel/fault-record.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { Region } from '../../kernel/region.js'
import type { Backing, BackingRequest, BackingSource } from './backing.js'
import { withoutServer } from './without-server.js'

/** Memory without a file or a device. */
export class AnonymousBacking implements Backing {
  readonly shared: boolean
  readonly decommits: 'replace' | 'remove'
  readonly #kernel: Kernel

  constructor(kernel: Kernel, shared: boolean) {
    this.#kernel = kernel
    this.shared = shared
    this.decommits = shared ? 'remove' : 'replace'
  }

  static source(kernel: Kernel): BackingSource {
    return new AnonymousSource(kernel)
  }

  from(): AnonymousBacking {
    return this
  }

  continuesIn(next: Backing): false | undefined {
    return next instanceof AnonymousBacking ? undefined : false
  }

  /** Memory without a file has no end, so the page was poisoned, or the pool of huge pages is empty. */
  explain(fault: FaultRecord, _offset: number, pageSize: number): FaultRecord {
    if (fault.reason !== 'past-end-of-file') return withoutServer(fault)
    if (pageSize === this.#kernel.pageSize) return { ...fault, reason: 'poisoned' }
    return {
      ...fault,
      reason: 'io',
      why: `no huge page of ${pageSize} bytes is free: /sys/kernel/mm/hugepages says how many there are`,
    }
  }

  whyNotAllowed(): undefined {}

  describe(): string {
    return 'anonymous'
  }
}

/** A class, because an object with a computed member takes half a microsecond to make. */
class AnonymousSource implements BackingSource {
  readonly name = undefined
  readonly size = undefined
  readonly pageSize = undefined
  readonly #kernel: Kernel

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  map({ address, length, protection, flags, pageSize }: BackingRequest): Region {
    return this.#kernel.regions.mapRegion(address, length, protection, flags, -1, 0, pageSize)
  }

  backing(_offset: number, shared: boolean): Backing {
    return new AnonymousBacking(this.#kernel, shared)
  }

  [Symbol.dispose](): void {}
}
