import { constants } from 'node:buffer'
import type { FaultRecord } from '../../kernel/fault-record.js'
import type { Regions } from '../../kernel/regions.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { hex } from '../../vocabulary/hex.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { sharedResults } from '../addon/shared-results.js'
import { FaultNotifier } from './fault-notifier.js'
import { keepGuardInFront } from './keep-guard-in-front.js'
import { LinuxFaultScope } from './linux-fault-scope.js'
import { LinuxRegion } from './linux-region.js'

const { EBUSY } = ERRNO_RESULT

/** Held memory of this thread. */
export class LinuxRegions implements Regions {
  readonly faultScope: LinuxFaultScope = new LinuxFaultScope()
  readonly longestView: number = constants.MAX_LENGTH
  readonly #addon = addon()
  readonly #results = sharedResults().results

  constructor() {
    keepGuardInFront(this.#addon)
  }

  mapRegion(
    address: bigint,
    length: number,
    protection: number,
    flags: number,
    descriptor: number,
    offset: number,
    pageSize: number,
  ): LinuxRegion {
    // A number is cheaper than a bigint, and mostly the kernel chooses the address.
    const at = address === 0n ? 0 : address
    const handle = this.#addon.mapRegion(at, length, protection, flags, descriptor, offset, pageSize)
    if (handle < 0) throw this.#refusal(handle, address, length)
    const whole = Math.ceil(length / pageSize) * pageSize
    return new LinuxRegion(this.#addon, handle, this.#results[0]!, whole, pageSize)
  }

  regionAt(address: bigint): LinuxRegion | undefined {
    return this.#addon.findRegionAt(address) as LinuxRegion | undefined
  }

  onFault(listener: (fault: FaultRecord, region: LinuxRegion | 'unmapped' | 'thread-ended') => void): void {
    new FaultNotifier(this.#addon, (fault, handle) => {
      const region = this.#addon.findRegion(handle) as LinuxRegion | undefined
      listener(fault, region ?? (handle < 0 ? 'thread-ended' : 'unmapped'))
    })
  }

  #refusal(answer: number, address: bigint, length: number): Error {
    if (answer !== EBUSY) return new VmError(answer, 'mmap', { address, length })
    return new UsageError(
      'ERR_VMAREA_RANGE_IN_USE',
      `the range from ${hex(address)} to ${hex(address + BigInt(length))} touches memory that vmarea holds: unmap that first`,
    )
  }
}
