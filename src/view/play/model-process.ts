import { MmWithUser } from '../../mm/mm-with-user.js'
import { VmaRef } from '../../mm/vma-ref.js'
import { copyMemory } from '../../model/faults/copy-memory.js'
import { handleFault } from '../../model/faults/handle-fault.js'
import { writeFile } from '../../model/files/write-file.js'
import { ModelKernel } from '../../model/kernel/model-kernel.js'
import { forkMm } from '../../model/process/fork-mm.js'
import { newMm } from '../../model/process/new-mm.js'
import { ACCESS } from '../../model/structs/access.js'
import { FAULT_RESULT } from '../../model/structs/fault-result.js'
import { Machine } from '../../model/structs/machine.js'
import { areaSnapshot } from '../../snapshot/snapshot.js'
import { errnoName } from '../../vocabulary/errno-name.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { viewArea } from '../data/view-area.js'
import { openMixedMapDevice } from './mixed-map-device.js'
import { ModelPlayUserfaultfd } from './model-play-userfaultfd.js'
import { PlayError } from './play-error.js'
import type { Memory, PlayAccess, PlayProcess, PlayUserfaultfd, Touched } from './play-process.js'
import { byteOutcome, RUNS, signalOutcome, WAITS, WRITTEN } from './touch-outcome.js'

const EVERYTHING = ['CAP_IPC_LOCK', 'CAP_SYS_ADMIN', 'CAP_SYS_NICE', 'CAP_SYS_PTRACE', 'CAP_SYS_RAWIO'] as const
/** Where memory is placed from downwards: short addresses are easier to read, and nothing else lies there. */
export const MMAP_BASE = 0x7000_0000
const END = 2n ** 47n
const { EBADF } = ERRNO_RESULT

const ACCESSES: Readonly<Record<PlayAccess, number>> = {
  load: ACCESS.READ,
  store: ACCESS.WRITE,
  jump: ACCESS.EXECUTE,
}
const SIGNALS: Readonly<Record<number, string>> = {
  [FAULT_RESULT.NOT_MAPPED]: 'SIGSEGV, SEGV_MAPERR',
  [FAULT_RESULT.NOT_PERMITTED]: 'SIGSEGV, SEGV_ACCERR',
  [FAULT_RESULT.PROTECTION_KEY]: 'SIGSEGV, SEGV_PKUERR',
  [FAULT_RESULT.NO_PAGE]: 'SIGBUS, BUS_ADRERR',
  [FAULT_RESULT.POISONED]: 'SIGBUS: the page is poisoned',
}

/** A process of the modelled kernel. */
export class ModelProcess implements PlayProcess {
  readonly name: string
  readonly #kernel: ModelKernel

  private constructor(name: string, kernel: ModelKernel) {
    this.name = name
    this.#kernel = kernel
  }

  /** The first process of a machine of its own. */
  static first(): ModelProcess {
    const machine = new Machine({ seed: 1 })
    const limits = { addressSpace: Infinity, data: Infinity, lockedMemory: 8 * 2 ** 20, stack: 8 * 2 ** 20 }
    const mm = newMm(machine, limits, EVERYTHING)
    mm.mmapBase = MMAP_BASE
    return new ModelProcess('parent', new ModelKernel(mm))
  }

  get pageSize(): number {
    return this.#kernel.pageSize
  }

  get calls(): ModelKernel['calls'] {
    return this.#kernel.calls
  }

  memfdCreate(name: string): number {
    return this.#kernel.files.memfdCreate(name, { sealable: true })
  }

  openMixedMapDevice(): number {
    return openMixedMapDevice(this.#kernel)
  }

  ftruncate(descriptor: number, length: number): void {
    this.#kernel.files.ftruncate(descriptor, length)
  }

  pwrite(descriptor: number, byte: number, offset: number): number {
    const file = this.#kernel.files.get(descriptor)
    return file === undefined ? EBADF : writeFile(file, offset, Uint8Array.of(byte))
  }

  close(descriptor: number): void {
    this.#kernel.files.close(descriptor)
  }

  userfaultfd(): PlayUserfaultfd {
    return new ModelPlayUserfaultfd(this.#kernel.userfaultfds.userfaultfd(0), this.pageSize)
  }

  touch(access: PlayAccess, address: number, byte: number): Touched {
    const { mm } = this.#kernel
    const result = handleFault(mm, address, ACCESSES[access])
    if (result === FAULT_RESULT.WAITS) {
      const withdraw = mm.withdrawFault
      const again = () => {
        withdraw?.()
        return this.touch(access, address, byte)
      }
      return { outcome: WAITS, again }
    }
    const signal = SIGNALS[result]
    if (signal !== undefined) return { outcome: signalOutcome(signal, BigInt(address)) }
    if (access === 'jump') return { outcome: RUNS }
    const bytes = Uint8Array.of(byte)
    copyMemory(mm, address, bytes, access === 'store')
    return { outcome: access === 'store' ? WRITTEN : byteOutcome(bytes[0]!) }
  }

  /** fork(2) */
  fork(name: string): ModelProcess {
    const { mm, files } = this.#kernel
    const child = forkMm(mm)
    if (typeof child === 'number') throw new PlayError(`fork fails with ${errnoName(-child)}`)
    return new ModelProcess(name, new ModelKernel(child, files.fork()))
  }

  /** The areas and the states of their pages, as they are now. */
  look(): Memory {
    const { addressSpace, pageSize } = this.#kernel
    const mm = MmWithUser.fromRaw(addressSpace)
    const areas = [...addressSpace.areas(0n, END)].map((area) =>
      viewArea(areaSnapshot(VmaRef.fromRaw(area, mm)), pageSize),
    )
    const runs: number[] = []
    for (const { start, end, state } of addressSpace.pages(0n, END)) {
      runs.push(Number(start) / pageSize, Number(end - start) / pageSize, state)
    }
    return { areas, pages: { runs, known: addressSpace.knownPageStates, isWhole: true } }
  }
}
