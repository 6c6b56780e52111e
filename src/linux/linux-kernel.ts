import type { Devices } from '../kernel/devices.js'
import type { Kernel } from '../kernel/kernel.js'
import type { RefusedCall } from '../kernel/refused-call.js'
import type { Swaps } from '../kernel/swap/swaps.js'
import { VmError } from '../vocabulary/vm-error.js'
import { addon } from './addon/addon.js'
import { LinuxAddressSpace } from './areas/linux-address-space.js'
import { explainLimit } from './explain-limit.js'
import { LinuxFiles } from './linux-files.js'
import { LinuxSystemCalls } from './linux-system-calls.js'
import { pageSizes } from './page-sizes.js'
import { LinuxRegions } from './regions/linux-regions.js'
import { LinuxUserfaultfdCalls } from './userfaultfd/linux-userfaultfd-calls.js'

/** The servers of memory on the running kernel, which a kernel is constructed with. */
export interface LinuxHosts {
  readonly devices: (kernel: LinuxKernel) => Devices
  readonly swaps: (kernel: LinuxKernel) => Swaps
}

/** The running kernel, seen from this process. */
export class LinuxKernel implements Kernel {
  readonly kind = 'linux'
  readonly pageSize: number = addon().pageSize
  readonly calls: LinuxSystemCalls = new LinuxSystemCalls()
  readonly files: LinuxFiles = new LinuxFiles()
  readonly regions: LinuxRegions = new LinuxRegions()
  #addressSpace: LinuxAddressSpace | undefined
  readonly userfaultfds: LinuxUserfaultfdCalls = new LinuxUserfaultfdCalls()
  readonly #devices: Devices | undefined
  readonly #swaps: Swaps | undefined

  /** @param hosts the hosts of the pager. Without them `devices` and `swaps` are refused. */
  constructor(hosts?: LinuxHosts) {
    this.#devices = hosts?.devices(this)
    this.#swaps = hosts?.swaps(this)
  }

  pageSizes(): readonly number[] {
    return pageSizes(this.pageSize)
  }

  get addressSpace(): LinuxAddressSpace {
    this.#addressSpace ??= new LinuxAddressSpace('self')
    return this.#addressSpace
  }

  get devices(): Devices {
    if (this.#devices !== undefined) return this.#devices
    throw new VmError('ENOSYS', 'open', { hint: 'this kernel was made without a pager, which hosts devices' })
  }

  get swaps(): Swaps {
    if (this.#swaps !== undefined) return this.#swaps
    throw new VmError('ENOSYS', 'swap', { hint: 'this kernel was made without a pager, which serves swapped memory' })
  }

  flushInstructionCache(address: bigint, length: number): void {
    addon().flushInstructionCache(address, length)
  }

  explainDenial(syscall: string): string | undefined {
    if ((syscall !== 'mmap' && syscall !== 'mprotect') || addon().deniesWriteExecute() === 0) return undefined
    return 'PR_SET_MDWE is set for this process, as systemd does with MemoryDenyWriteExecute: no memory can become executable that is or was writable'
  }

  explainLimit(call: RefusedCall): string | undefined {
    return explainLimit(addon(), call)
  }
}
