import { MmWithUser } from '../../mm/mm-with-user.js'
import { VmaRef } from '../../mm/vma-ref.js'
import { ModelKernel } from '../../model/kernel/model-kernel.js'
import { forkMm } from '../../model/process/fork-mm.js'
import { newMm } from '../../model/process/new-mm.js'
import type { Machine } from '../../model/structs/machine.js'
import { areaSnapshot } from '../../snapshot/snapshot.js'
import { errnoName } from '../../vocabulary/errno-name.js'
import { type ViewArea, viewArea } from '../data/view-area.js'
import type { WirePages } from '../data/wire-pages.js'
import { PlayError } from './play-error.js'

const EVERYTHING = ['CAP_IPC_LOCK', 'CAP_SYS_ADMIN', 'CAP_SYS_NICE', 'CAP_SYS_PTRACE', 'CAP_SYS_RAWIO'] as const
/** Where memory is placed from downwards: short addresses are easier to read, and nothing else lies there. */
const MMAP_BASE = 0x7000_0000
const END = 2n ** 47n

/** What a process's memory is at one moment. */
export interface Memory {
  readonly areas: readonly ViewArea[]
  readonly pages: WirePages
}

/** A process of the playground. */
export class PlayProcess {
  readonly name: string
  readonly kernel: ModelKernel

  private constructor(name: string, kernel: ModelKernel) {
    this.name = name
    this.kernel = kernel
  }

  /** The first process of a machine. */
  static first(machine: Machine): PlayProcess {
    const limits = { addressSpace: Infinity, data: Infinity, lockedMemory: 8 * 2 ** 20, stack: 8 * 2 ** 20 }
    const mm = newMm(machine, limits, EVERYTHING)
    mm.mmapBase = MMAP_BASE
    return new PlayProcess('parent', new ModelKernel(mm))
  }

  /** fork(2) */
  fork(name: string): PlayProcess {
    const { mm, files } = this.kernel
    const child = forkMm(mm)
    if (typeof child === 'number') throw new PlayError(`fork fails with ${errnoName(-child)}`)
    return new PlayProcess(name, new ModelKernel(child, files.fork()))
  }

  /** The areas and the states of their pages, as they are now. */
  look(): Memory {
    const { addressSpace, pageSize } = this.kernel
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
