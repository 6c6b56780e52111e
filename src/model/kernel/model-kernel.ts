import type { Kernel } from '../../kernel/kernel.js'
import type { Machine } from '../structs/machine.js'
import type { Mm } from '../structs/mm.js'
import { ModelAddressSpace } from './model-address-space.js'
import { ModelDevices } from './model-devices.js'
import { ModelFiles } from './model-files.js'
import { ModelRegions } from './model-regions.js'
import { ModelSwaps } from './model-swaps.js'
import { ModelSystemCalls } from './model-system-calls.js'
import { ModelUserfaultfds } from './model-userfaultfds.js'

/** The modelled kernel, seen from one of its processes. */
export class ModelKernel implements Kernel {
  readonly kind = 'model'
  readonly machine: Machine
  readonly mm: Mm
  readonly pageSize: number
  readonly calls: ModelSystemCalls
  readonly files: ModelFiles
  readonly regions: ModelRegions
  readonly addressSpace: ModelAddressSpace
  readonly userfaultfds: ModelUserfaultfds
  readonly devices: ModelDevices
  readonly swaps: ModelSwaps

  constructor(mm: Mm, files = new ModelFiles(mm.machine)) {
    this.machine = mm.machine
    this.mm = mm
    this.pageSize = mm.pageSize
    this.files = files
    this.calls = new ModelSystemCalls(mm, files)
    this.regions = new ModelRegions(mm, this.calls)
    this.addressSpace = new ModelAddressSpace(mm, mm.machine.nextPid())
    this.userfaultfds = new ModelUserfaultfds(mm)
    this.swaps = new ModelSwaps(mm, this.calls)
    this.devices = new ModelDevices(mm.machine, files, this.regions)
  }

  pageSizes(): readonly number[] {
    return [this.pageSize]
  }

  flushInstructionCache(): void {}

  explainDenial(): undefined {}

  explainLimit(_syscall: string, length: number): string | undefined {
    const { mm, machine } = this
    const pages = Math.ceil(length / mm.pageSize)
    if (mm.tree.size >= machine.maxMapCount)
      return `the process has ${mm.tree.size} areas, and maxMapCount is ${machine.maxMapCount}`
    if ((mm.total + pages) * mm.pageSize > mm.limits.addressSpace)
      return `limits.addressSpace is ${mm.limits.addressSpace} bytes`
    if ((mm.data + pages) * mm.pageSize > mm.limits.data) return `limits.data is ${mm.limits.data} bytes`
    if (pages > machine.memoryPages) return `the machine has ${machine.memoryPages * mm.pageSize} bytes of memory`
    if (!mm.capabilities.has('CAP_IPC_LOCK') && (mm.locked + pages) * mm.pageSize > mm.limits.lockedMemory) {
      return `limits.lockedMemory is ${mm.limits.lockedMemory} bytes, of which ${mm.locked * mm.pageSize} are locked`
    }
    return undefined
  }
}
