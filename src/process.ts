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
import { PROT } from './vocabulary/prot.js'

const RX = PROT.READ | PROT.EXEC
const RW = PROT.READ | PROT.WRITE
const RWX = PROT.READ | PROT.WRITE | PROT.EXEC

/**
 * One address space, and all that can be done in it. The functions of the package are those of this process; a process of a
 * modelled machine has the same ones.
 */
export class Process {
  readonly kernel: Kernel
  readonly #holdings: ProcessMemory
  readonly #observer: ProcessObserver | undefined
  #mm: Mm | undefined

  /** Over a kernel of your own: `thisProcess()` and `Machine.spawn()` do it for the two that there are. */
  constructor(kernel: Kernel, observer?: ProcessObserver) {
    this.kernel = kernel
    this.#holdings = new ProcessMemory(kernel, observer)
    this.#observer = observer
  }

  /** This process's address space, to look at: see {@link Mm}. */
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

  /** Maps memory without access. */
  mapNone(options: MmapOptions): MmapNone {
    return new MmapNone(createMapping(this.#holdings, options, { protection: PROT.NONE, reserved: false }))
  }

  /** Maps memory for reading. */
  map(options: MmapOptions): Mmap {
    return new Mmap(createMapping(this.#holdings, options, { protection: PROT.READ, reserved: false }))
  }

  /** Maps memory for reading and executing. */
  mapExec(options: MmapOptions): Mmap {
    return new Mmap(createMapping(this.#holdings, options, { protection: RX, reserved: false }))
  }

  /** Maps memory for reading and writing. */
  mapMut(options: MmapOptions): MmapMut {
    return new MmapMut(createMapping(this.#holdings, options, { protection: RW, reserved: false }))
  }

  /** Maps memory for reading, writing and executing. Requires `jit: true`. */
  mapExecMut(options: MmapOptions): MmapMut {
    return new MmapMut(createMapping(this.#holdings, options, { protection: RWX, reserved: false }))
  }

  /** Reserves addresses, whose parts can be committed without access. */
  reserveNone(options: MmapOptions): ReservedNone {
    return new ReservedNone(createMapping(this.#holdings, options, { protection: PROT.NONE, reserved: true }))
  }

  /** Reserves addresses, whose parts can be committed for reading. */
  reserve(options: MmapOptions): Reserved {
    return new Reserved(createMapping(this.#holdings, options, { protection: PROT.READ, reserved: true }))
  }

  /** Reserves addresses, whose parts can be committed for reading and executing. */
  reserveExec(options: MmapOptions): Reserved {
    return new Reserved(createMapping(this.#holdings, options, { protection: RX, reserved: true }))
  }

  /** Reserves addresses, whose parts can be committed for reading and writing. */
  reserveMut(options: MmapOptions): ReservedMut {
    return new ReservedMut(createMapping(this.#holdings, options, { protection: RW, reserved: true }))
  }

  /** Reserves addresses, whose parts can be committed for reading, writing and executing. Requires `jit: true`. */
  reserveExecMut(options: MmapOptions): ReservedMut {
    return new ReservedMut(createMapping(this.#holdings, options, { protection: RWX, reserved: true }))
  }

  /** Makes a userfaultfd, which catches the faults of what is registered with it: see {@link Userfaultfd}. */
  userfaultfd(options: UserfaultfdOptions = {}): Userfaultfd {
    return bindUserfaultfd(() => this.kernel).create(options)
  }

  /**
   * Opens a device, whose memory a driver serves: see {@link Device}. Rejects with `ERR_VMAREA_NOT_A_DRIVER` where the module can't be
   * used as one, with what its function or its `open` hook threw, and with the reason of `signal`.
   *
   * @param driver the URL of the driver's module; on a modelled kernel also what `defineDevice` returned
   */
  openDevice<Options = unknown>(driver: DeviceModule<Options>, options?: DeviceOptions<Options>): Promise<Device> {
    return openDevice(this.#holdings, driver, options, this.#observer)
  }

  /**
   * Swaps memory to a store while its program runs: see {@link Swap}. Rejects with `ERR_VMAREA_NOT_A_STORE` where the store's module can't be
   * used as one, with what its function threw, with `ERR_VMAREA_SWAPPED` and `ERR_VMAREA_UNSUPPORTED` for memory that can't be swapped, and
   * with the reason of `signal`. Nothing has changed then.
   *
   * @param memory one mapping or several: private memory without a file, or shared memory files; of a reservation, what is committed now
   */
  openSwap<StoreOptions = unknown>(
    memory: SwappableMemory | readonly SwappableMemory[],
    options: SwapOptions<StoreOptions>,
  ): Promise<Swap> {
    return openSwap(this.#holdings, memory, options, this.#observer)
  }

  /** Makes an anonymous file in memory: memfd_create(2). */
  memfd(name: string, options: MemoryFileOptions = {}): MemoryFile {
    return new MemoryFile(this.kernel, name, options)
  }
}
