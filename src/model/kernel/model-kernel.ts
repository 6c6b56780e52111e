import type { Kernel } from '../../kernel/kernel.js'
import type { RefusedCall } from '../../kernel/refused-call.js'
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
    this.addressSpace = new ModelAddressSpace(mm, mm.machine.nextPid(), this.calls)
    this.userfaultfds = new ModelUserfaultfds(mm)
    this.swaps = new ModelSwaps(mm, this.calls)
    this.devices = new ModelDevices(mm.machine, files, this.regions)
  }

  pageSizes(): readonly number[] {
    return [this.pageSize]
  }

  flushInstructionCache(): void {}

  explainDenial(): undefined {}

  explainLimit({ code, syscall, length, isData, isPromised }: RefusedCall): string | undefined {
    const { mm, machine } = this
    const pages = Math.ceil(length / mm.pageSize)
    // madvise says EAGAIN where an area can't be split.
    if (syscall === 'madvise') return code === 'EPERM' ? undefined : this.#explainAreas()
    // Of an area that is locked (MCL_FUTURE) mmap and mremap say EAGAIN.
    if (syscall.startsWith('mlock') || code === 'EAGAIN') {
      if (mm.capabilities.has('CAP_IPC_LOCK') || (mm.locked + pages) * mm.pageSize <= mm.limits.lockedMemory)
        return code === 'ENOMEM' ? this.#explainAreas() : undefined
      return `limits.lockedMemory is ${mm.limits.lockedMemory} bytes, of which ${mm.locked * mm.pageSize} are locked`
    }
    if (code !== 'ENOMEM') return undefined
    const areas = this.#explainAreas()
    if (areas !== undefined) return areas
    if (syscall === 'mmap' || syscall === 'mremap') {
      if ((mm.total + pages) * mm.pageSize > mm.limits.addressSpace)
        return `limits.addressSpace is ${mm.limits.addressSpace} bytes`
    }
    if (isData && (mm.data + pages) * mm.pageSize > mm.limits.data) return `limits.data is ${mm.limits.data} bytes`
    if (!isPromised || machine.canPromise(pages, mm.capabilities.has('CAP_SYS_ADMIN'))) return undefined
    const bytes = `the machine has ${machine.memoryPages * mm.pageSize} bytes of memory`
    if (machine.overcommit === 'guess') return bytes
    return `${bytes} and overcommit is 'never': ${machine.committed * mm.pageSize} are promised`
  }

  #explainAreas(): string | undefined {
    const { mm, machine } = this
    if (mm.tree.size < machine.maxMapCount) return undefined
    return `the process has ${mm.tree.size} areas, and maxMapCount is ${machine.maxMapCount}`
  }
}
