import type { Device } from './device/device.js'
import type { DeviceOptions } from './device/device-options.js'
import type { DeviceModule } from './device/open-device.js'
import type { Mmap } from './mapping/handle/mmap.js'
import type { MmapMut } from './mapping/handle/mmap-mut.js'
import type { MmapNone } from './mapping/handle/mmap-none.js'
import type { Reserved } from './mapping/handle/reserved.js'
import type { ReservedMut } from './mapping/handle/reserved-mut.js'
import type { ReservedNone } from './mapping/handle/reserved-none.js'
import type { MemoryFile, MemoryFileOptions } from './mapping/memory/memory-file.js'
import type { MmapOptions } from './mapping/memory/mmap-options.js'
import type { Swap } from './swap/swap.js'
import type { SwapOptions } from './swap/swap-options.js'
import type { SwappableMemory } from './swap/swap-parts.js'
import { thisProcess } from './this-process.js'
import { type BoundUserfaultfd, bindUserfaultfd } from './userfaultfd/bind-userfaultfd.js'
import type { Userfaultfd as CaughtFaults } from './userfaultfd/userfaultfd.js'

export { type DeviceSetup, defineDevice } from './device/define-device.js'
export { Device } from './device/device.js'
export { DeviceContext } from './device/device-context.js'
export { DeviceDefinition } from './device/device-definition.js'
export type { DeviceHooks } from './device/device-hooks.js'
export type { DeviceMapOptions } from './device/device-map-options.js'
export type { DeviceOptions } from './device/device-options.js'
export type { DeviceModule } from './device/open-device.js'
export { Page } from './device/page.js'
export { VmFault } from './device/vm-fault.js'
export { VmaNew } from './device/vma-new.js'
export type { ChangeMessage, DeviceMessage, FaultMessage, SwapMessage } from './diagnostics.js'
export type { PageRun } from './kernel/address-space.js'
export type { DeviceStatistics } from './kernel/device-statistics.js'
export type { WaitResult } from './kernel/sharing/wait-result.js'
export type { SwapState } from './kernel/swap/swap-state.js'
export type { FaultOrigin, SwapStatistics } from './kernel/swap/swap-statistics.js'
export type { SwapStatus } from './kernel/swap/swap-status.js'
export { Mmap } from './mapping/handle/mmap.js'
export { MmapMut } from './mapping/handle/mmap-mut.js'
export { MmapNone } from './mapping/handle/mmap-none.js'
export { Reserved } from './mapping/handle/reserved.js'
export { ReservedMut } from './mapping/handle/reserved-mut.js'
export { ReservedNone } from './mapping/handle/reserved-none.js'
export { MemoryFile, type MemoryFileOptions } from './mapping/memory/memory-file.js'
export type { MappableFile, MmapOptions } from './mapping/memory/mmap-options.js'
export type { ReadonlyBytes } from './mapping/memory/readonly-bytes.js'
export type { ResidentRun } from './mapping/memory/resident-runs.js'
export type { WaitOptions } from './mapping/memory/wait-options.js'
export { Mm } from './mm/mm.js'
export { MmWithUser } from './mm/mm-with-user.js'
export { type AreaRange, MmapReadGuard } from './mm/mmap-read-guard.js'
export { VmaMixedMap } from './mm/vma-mixed-map.js'
export { VmaReadGuard } from './mm/vma-read-guard.js'
export { VmaRef } from './mm/vma-ref.js'
export { type MergeSide, whyApart } from './mm/why-apart.js'
export type { Process } from './process.js'
export { offerStatistics } from './reports/offer-statistics.js'
export { StatisticsOffer } from './reports/statistics-offer.js'
export { Swap } from './swap/swap.js'
export type { SwapOptions } from './swap/swap-options.js'
export type { SwappableMemory } from './swap/swap-parts.js'
export { thisProcess } from './this-process.js'
export type { BoundUserfaultfd } from './userfaultfd/bind-userfaultfd.js'
export type { InstallOptions } from './userfaultfd/install-mode.js'
export { NamedBits } from './userfaultfd/named-bits.js'
export type { UserfaultfdSupport } from './userfaultfd/negotiate-features.js'
export type { UserfaultfdRefusal } from './userfaultfd/open-userfaultfd.js'
export type { ReceivedUserfaultfd } from './userfaultfd/received-userfaultfd.js'
export type { UffdAddress } from './userfaultfd/uffd-address.js'
export type {
  ForkEvent,
  PagefaultEvent,
  RemapEvent,
  RemoveEvent,
  UffdEvent,
  UnknownEvent,
  UnmapEvent,
} from './userfaultfd/uffd-event.js'
export { UffdMessages } from './userfaultfd/uffd-messages.js'
export type { Unanswered, UnansweredFault } from './userfaultfd/unanswered-fault.js'
export type { UserfaultfdOptions, UserfaultfdWay } from './userfaultfd/userfaultfd-options.js'
export type { FaultSourceName } from './vocabulary/fault-source-name.js'
export type { Advice } from './vocabulary/madv.js'
export { type FaultAccess, type FaultReason, MemoryFault } from './vocabulary/memory-fault.js'
export { PAGE_STATE, type PageStateName } from './vocabulary/page-state.js'
export type { EvictionOrder } from './vocabulary/reports/eviction-order.js'
export type { PagerReport } from './vocabulary/reports/pager-report.js'
export type { Reporter } from './vocabulary/reports/reporter.js'
export type { Seal } from './vocabulary/seal.js'
export { UFFD_EVENT_CODE } from './vocabulary/uffd-event-code.js'
export { UFFD_FEATURE, type UffdFeature } from './vocabulary/uffd-feature.js'
export type { UffdIoctl } from './vocabulary/uffd-ioctl.js'
export type { UffdMode } from './vocabulary/uffd-mode.js'
export { UsageError } from './vocabulary/usage-error.js'
export type { UsageErrorCode } from './vocabulary/usage-error-code.js'
export { VM, VM as flags, type VmFlagName } from './vocabulary/vm.js'
export { VmError } from './vocabulary/vm-error.js'
export { codesOfFlags, flagsByCode, VM_FLAG_CODES } from './vocabulary/vm-flag-codes.js'
export { VM_FLAG_MEANINGS } from './vocabulary/vm-flag-meanings.js'
export { flagNames } from './vocabulary/vm-flag-names.js'
export type { VmaUsage } from './vocabulary/vma-usage.js'

/** A userfaultfd: see the class's own page. */
export type Userfaultfd = CaughtFaults

/** The userfaultfds of this process: `create`, `fromRawDescriptor`, `receive`, `support`. */
export const Userfaultfd: BoundUserfaultfd = bindUserfaultfd(() => thisProcess().kernel)

/** Maps memory without access: see {@link MmapNone}. @throws as {@link Process.mapMut} */
export function mapNone(options: MmapOptions): MmapNone {
  return thisProcess().mapNone(options)
}

/**
 * Maps memory for reading: see {@link Mmap}.
 *
 * ```ts
 * using file = map({ file: 'package.json' })
 * console.log(new TextDecoder().decode(file.bytes))
 * ```
 *
 * @throws as {@link Process.mapMut}
 */
export function map(options: MmapOptions): Mmap {
  return thisProcess().map(options)
}

/** Maps memory for reading and executing: see {@link Mmap}. @throws as {@link Process.mapMut} */
export function mapExec(options: MmapOptions): Mmap {
  return thisProcess().mapExec(options)
}

/** Maps memory for reading and writing: see {@link MmapMut}. @throws as {@link Process.mapMut} */
export function mapMut(options: MmapOptions): MmapMut {
  return thisProcess().mapMut(options)
}

/**
 * Maps memory for reading, writing and executing; requires `jit: true`. See {@link MmapMut}. @throws as {@link
 * Process.mapExecMut}
 */
export function mapExecMut(options: MmapOptions): MmapMut {
  return thisProcess().mapExecMut(options)
}

/**
 * Reserves addresses. Parts of them can be committed without access: see {@link ReservedNone}. @throws as {@link
 * Process.mapMut}
 */
export function reserveNone(options: MmapOptions): ReservedNone {
  return thisProcess().reserveNone(options)
}

/**
 * Reserves addresses. Parts of them can be committed for reading: see {@link Reserved}. @throws as {@link Process.mapMut}
 */
export function reserve(options: MmapOptions): Reserved {
  return thisProcess().reserve(options)
}

/**
 * Reserves addresses. Parts of them can be committed for reading and executing: see {@link Reserved}. @throws as {@link
 * Process.mapMut}
 */
export function reserveExec(options: MmapOptions): Reserved {
  return thisProcess().reserveExec(options)
}

/**
 * Reserves addresses. Parts of them can be committed for reading and writing: see {@link ReservedMut}. @throws as {@link Process.mapMut}
 */
export function reserveMut(options: MmapOptions): ReservedMut {
  return thisProcess().reserveMut(options)
}

/**
 * Reserves addresses. Parts of them can be committed for reading, writing and executing; requires `jit: true`. @throws as {@link
 * Process.mapExecMut}
 */
export function reserveExecMut(options: MmapOptions): ReservedMut {
  return thisProcess().reserveExecMut(options)
}

/**
 * Opens a device, whose memory a driver serves: see {@link Device}. `driver` is the URL of its module. @throws as {@link
 * Process.openDevice}
 */
export function openDevice<Options = unknown>(
  driver: DeviceModule<Options>,
  options?: DeviceOptions<Options>,
): Promise<Device> {
  return thisProcess().openDevice(driver, options)
}

/** Swaps memory to a store while its program runs: see {@link Swap}. @throws as {@link Process.openSwap} */
export function openSwap<StoreOptions = unknown>(
  memory: SwappableMemory | readonly SwappableMemory[],
  options: SwapOptions<StoreOptions>,
): Promise<Swap> {
  return thisProcess().openSwap(memory, options)
}

/**
 * Makes an anonymous file in memory, which mappings can share: see {@link MemoryFile}. @throws as {@link Process.memfd}
 */
export function memfd(name: string, options?: MemoryFileOptions): MemoryFile {
  return thisProcess().memfd(name, options)
}

/** The size of a page of memory in bytes. */
export function pageSize(): number {
  return thisProcess().pageSize
}

/** The sizes of page that memory can have here, in bytes, ascending: the base size, then the huge ones. */
export function pageSizes(): readonly number[] {
  return thisProcess().pageSizes()
}
