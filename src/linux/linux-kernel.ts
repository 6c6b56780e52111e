import type { DeviceHost } from '../kernel/device-host.js'
import type { Kernel } from '../kernel/kernel.js'
import { VmError } from '../vocabulary/vm-error.js'
import { addon } from './addon.js'
import { explainLimit } from './explain-limit.js'
import { LinuxAddressSpace } from './linux-address-space.js'
import { LinuxFiles } from './linux-files.js'
import { LinuxRegions } from './linux-regions.js'
import { LinuxSystemCalls } from './linux-system-calls.js'
import { LinuxUserfaultfdCalls } from './linux-userfaultfd-calls.js'
import { pageSizes } from './page-sizes.js'

/** The running kernel, seen from this process. */
export class LinuxKernel implements Kernel {
  readonly kind = 'linux'
  readonly pageSize: number = addon().pageSize
  readonly calls: LinuxSystemCalls = new LinuxSystemCalls()
  readonly files: LinuxFiles = new LinuxFiles()
  readonly regions: LinuxRegions = new LinuxRegions()
  #addressSpace: LinuxAddressSpace | undefined
  readonly userfaultfds: LinuxUserfaultfdCalls = new LinuxUserfaultfdCalls()

  pageSizes(): readonly number[] {
    return pageSizes(this.pageSize)
  }

  get addressSpace(): LinuxAddressSpace {
    this.#addressSpace ??= new LinuxAddressSpace('self')
    return this.#addressSpace
  }

  get devices(): DeviceHost {
    throw new VmError('ENOSYS', 'open', { hint: 'devices have no host on Linux yet; they work in the modelled kernel' })
  }

  flushInstructionCache(address: bigint, length: number): void {
    addon().flushInstructionCache(address, length)
  }

  explainLimit(syscall: string, length: number): string | undefined {
    return explainLimit(addon(), syscall, length)
  }
}
