import type { Device } from './device/device.js'
import type { DeviceOptions } from './device/device-options.js'
import { type DeviceModule, openDevice } from './device/open-device.js'
import type { Kernel } from './kernel/kernel.js'
import { Mmap } from './mapping/handle/mmap.js'
import { MmapMut } from './mapping/handle/mmap-mut.js'
import { MmapNone } from './mapping/handle/mmap-none.js'
import { Reserved } from './mapping/handle/reserved.js'
import { ReservedMut } from './mapping/handle/reserved-mut.js'
import { ReservedNone } from './mapping/handle/reserved-none.js'
import { createMapping } from './mapping/memory/create-mapping.js'
import { MemoryFile, type MemoryFileOptions } from './mapping/memory/memory-file.js'
import type { MmapOptions } from './mapping/memory/mmap-options.js'
import { ProcessMemory } from './mapping/memory/process-memory.js'
import { Mm } from './mm/mm.js'
import type { ProcessObserver } from './process-observer.js'
import { openSwap } from './swap/open-swap.js'
import type { Swap } from './swap/swap.js'
import type { SwapOptions } from './swap/swap-options.js'
import type { SwappableMemory } from './swap/swap-parts.js'
import { bindUserfaultfd } from './userfaultfd/bind-userfaultfd.js'
import type { Userfaultfd } from './userfaultfd/userfaultfd.js'
import type { UserfaultfdOptions } from './userfaultfd/userfaultfd-options.js'
import { belongsToItsThread } from './vocabulary/errors/belongs-to-its-thread.js'
import { PROT } from './vocabulary/prot.js'

const RX = PROT.READ | PROT.EXEC
const RW = PROT.READ | PROT.WRITE
const RWX = PROT.READ | PROT.WRITE | PROT.EXEC

/**
 * One address space, with everything that the library can do in it. The functions of the package are those of this process; a process of a
 * modelled machine has the same ones.
 *
 * ```ts
 * using memory = thisProcess().mapMut({ length: 4096 })
 * using modelled = new Machine().spawn().mapMut({ length: 4096 })
 * ```
 */
export class Process {
  /** The kernel that does the work: the running one, or the model. */
  readonly kernel: Kernel
  readonly #holdings: ProcessMemory
  readonly #observer: ProcessObserver | undefined
  #mm: Mm | undefined
  /** @internal Structured clone rejects an object that has a function. */
  protected readonly thread: () => string = belongsToItsThread

  /** Wraps a kernel. `thisProcess()` and `Machine.spawn()` call it for the two kernels of the package. */
  constructor(kernel: Kernel, observer?: ProcessObserver) {
    this.kernel = kernel
    this.#holdings = new ProcessMemory(kernel, observer)
    this.#observer = observer
  }

  /** The address space of this process, to look at: see {@link Mm}. */
  get mm(): Mm {
    this.#mm ??= Mm.fromRaw(this.kernel.addressSpace)
    return this.#mm
  }

  /** Bytes a page. */
  get pageSize(): number {
    return this.kernel.pageSize
  }

  /** The sizes of page that memory can have here, in bytes, ascending: the base size, then the huge ones. */
  pageSizes(): readonly number[] {
    return this.kernel.pageSizes()
  }

  /** Maps memory without access. @throws as `mapMut` */
  mapNone(options: MmapOptions): MmapNone {
    return new MmapNone(createMapping(this.#holdings, options, { protection: PROT.NONE, reserved: false }))
  }

  /** Maps memory for reading. @throws as `mapMut` */
  map(options: MmapOptions): Mmap {
    return new Mmap(createMapping(this.#holdings, options, { protection: PROT.READ, reserved: false }))
  }

  /** Maps memory for reading and executing. @throws as `mapMut` */
  mapExec(options: MmapOptions): Mmap {
    return new Mmap(createMapping(this.#holdings, options, { protection: RX, reserved: false }))
  }

  /**
   * Maps memory for reading and writing: mmap(2).
   *
   * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` and `ERR_VMAREA_OUT_OF_RANGE` for an option: the message names it;
   * `ERR_VMAREA_NOT_PAGE_ALIGNED` for an `address` between pages; `ERR_VMAREA_RANGE_IN_USE` where `fixed: 'replace'` would replace memory
   * that the library holds
   * @throws VmError `ENOMEM` where a limit was met: the message names it; `EACCES` where the file is not open for that
   * access, `ENOENT` where it does not exist, `EISDIR` and `ENODEV` where it can't be mapped, `EEXIST` where `fixed: 'noreplace'` and the
   * range is in use, `EPERM` below the lowest address or without a privilege, `EINVAL` where advice does not fit, `EMFILE` without a free
   * descriptor, `EDEADLK` where this thread holds the address space for reading
   */
  mapMut(options: MmapOptions): MmapMut {
    return new MmapMut(createMapping(this.#holdings, options, { protection: RW, reserved: false }))
  }

  /**
   * Maps memory for reading, writing and executing. Requires `jit: true`.
   *
   * @throws UsageError `ERR_VMAREA_WRITABLE_AND_EXECUTABLE` without it
   * @throws as `mapMut`
   */
  mapExecMut(options: MmapOptions): MmapMut {
    return new MmapMut(createMapping(this.#holdings, options, { protection: RWX, reserved: false }))
  }

  /** Reserves addresses. Parts of them can be committed without access. @throws as `mapMut` */
  reserveNone(options: MmapOptions): ReservedNone {
    return new ReservedNone(createMapping(this.#holdings, options, { protection: PROT.NONE, reserved: true }))
  }

  /** Reserves addresses. Parts of them can be committed for reading. @throws as `mapMut` */
  reserve(options: MmapOptions): Reserved {
    return new Reserved(createMapping(this.#holdings, options, { protection: PROT.READ, reserved: true }))
  }

  /** Reserves addresses. Parts of them can be committed for reading and executing. @throws as `mapMut` */
  reserveExec(options: MmapOptions): Reserved {
    return new Reserved(createMapping(this.#holdings, options, { protection: RX, reserved: true }))
  }

  /** Reserves addresses. Parts of them can be committed for reading and writing. @throws as `mapMut` */
  reserveMut(options: MmapOptions): ReservedMut {
    return new ReservedMut(createMapping(this.#holdings, options, { protection: RW, reserved: true }))
  }

  /**
   * Reserves addresses. Parts of them can be committed for reading, writing and executing. Requires `jit: true`.
   * @throws as `mapExecMut`
   */
  reserveExecMut(options: MmapOptions): ReservedMut {
    return new ReservedMut(createMapping(this.#holdings, options, { protection: RWX, reserved: true }))
  }

  /**
   * Makes a userfaultfd, which catches the faults of the memory that is registered with it: see {@link Userfaultfd}.
   *
   * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` for an option
   * @throws VmError `EPERM` where all ways to open one are refused: the message names each with what would help;
   * `EINVAL` where the kernel lacks a feature, `ENOSYS` where it has no userfaultfd, `EMFILE` without a free descriptor
   */
  userfaultfd(options: UserfaultfdOptions = {}): Userfaultfd {
    return bindUserfaultfd(() => this.kernel).create(options)
  }

  /**
   * Opens a device, whose memory a driver serves: see {@link Device}. Nothing stays open on an error.
   *
   * @param driver the URL of the driver's module; on a modelled kernel also what `defineDevice` returned
   * @throws UsageError `ERR_VMAREA_NOT_A_DRIVER` where the module is no driver, `ERR_VMAREA_INVALID_ARGUMENT` for an
   * option or a name that is no URL
   * @throws VmError `EIO` where the driver's function or its `open` hook threw: its error is the `cause`; `ETIMEDOUT`
   * where they did not settle within `timeout`, `EPERM` and `ENOSYS` where the `source` is not available
   * @throws the reason of `signal`
   */
  openDevice<Options = unknown>(driver: DeviceModule<Options>, options?: DeviceOptions<Options>): Promise<Device> {
    return openDevice(this.#holdings, driver, options, this.#observer)
  }

  /**
   * Swaps memory to a store while its program runs: see {@link Swap}. Nothing has changed on an error.
   *
   * @param memory one mapping or several: private memory without a file, or shared memory files; of a reservation, the parts
   * that are committed now
   * @throws UsageError `ERR_VMAREA_NOT_A_STORE` where the store's module is none, `ERR_VMAREA_SWAPPED` and
   * `ERR_VMAREA_UNSUPPORTED` for memory that can't be swapped, `ERR_VMAREA_INVALID_ARGUMENT` and `ERR_VMAREA_OUT_OF_RANGE` for an option
   * @throws VmError as the store: `EIO`, `ENOSPC`, `ECONNREFUSED`; `ETIMEDOUT` where it did not open within `timeout`
   * @throws the reason of `signal`
   */
  openSwap<StoreOptions = unknown>(
    memory: SwappableMemory | readonly SwappableMemory[],
    options: SwapOptions<StoreOptions>,
  ): Promise<Swap> {
    return openSwap(this.#holdings, memory, options, this.#observer)
  }

  /**
   * Makes an anonymous file in memory: memfd_create(2).
   *
   * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` for an invalid name, size or option
   * @throws VmError `ENOMEM` where a limit was met, `EMFILE` without a free descriptor, `ENODEV` where the kernel has
   * no huge pages of that size
   */
  memfd(name: string, options: MemoryFileOptions = {}): MemoryFile {
    return new MemoryFile(this.kernel, name, options)
  }
}
