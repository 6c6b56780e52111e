import { FutexQueues } from './futex-queues.js'
import { Inode } from './inode.js'
import { Page } from './page.js'

/** Whether more memory may be promised than the machine has: `vm.overcommit_memory`. */
export type Overcommit = 'guess' | 'always' | 'never'

/** The memory and the settings of a modelled machine. */
export interface MachineOptions {
  /** Bytes a page: a power of two, 4096 by default. */
  readonly pageSize?: number
  /** Bytes of memory, 16 GiB by default. */
  readonly memory?: number
  /** `vm.overcommit_memory`, `'guess'` by default. */
  readonly overcommit?: Overcommit
  /** `vm.overcommit_ratio` in percent, 50 by default; counts with `overcommit: 'never'`. */
  readonly overcommitRatio?: number
  /** `vm.max_map_count`, 65530 by default. */
  readonly maxMapCount?: number
  /** `vm.mmap_min_addr`, 65536 by default: lower addresses require `CAP_SYS_RAWIO`. */
  readonly mmapMinAddress?: number
  /** Whether the processor has protection keys, so that execute-only memory can't be read. `true` by default. */
  readonly protectionKeys?: boolean
  /** Decides where address spaces are laid out; nothing else is random. 1 by default. */
  readonly seed?: number
}

/** What all processes of a modelled machine share: memory, its accounting, files, and the settings of the kernel. */
export class Machine {
  readonly pageSize: number
  /** `totalram_pages` */
  readonly memoryPages: number
  readonly overcommit: Overcommit
  readonly overcommitRatio: number
  readonly maxMapCount: number
  readonly mmapMinAddress: number
  /**
   * `mmap_min_addr` of the kernel, which no setting brings below `CONFIG_LSM_MMAP_MIN_ADDR`: the address that a lower hint becomes, and
   * the lowest that a search finds.
   */
  readonly lowestHint: number
  readonly protectionKeys: boolean
  /** `TASK_SIZE`: the last page below 2^47 can't be mapped. */
  readonly taskSize: number
  /** `stack_guard_gap`, in bytes. */
  readonly stackGuardGap: number
  /** `vm_committed_as`, in pages. */
  committed = 0
  /**
   * The part of `committed` that the kernel never returns: the growth of a stack that is not accounted is charged all the same, for
   * example.
   */
  strayCommitted = 0
  /** The page that a read of untouched private memory maps. It is never written and its references are not counted. */
  readonly zeroPage: Page
  /** The file system: paths of files. */
  readonly files = new Map<string, Inode>()
  readonly futexes = new FutexQueues()
  #random: number
  #inodes = 1024
  #pids = 1000

  constructor({
    pageSize = 4096,
    memory = 16 * 2 ** 30,
    overcommit = 'guess',
    overcommitRatio = 50,
    maxMapCount = 65530,
    mmapMinAddress = 65536,
    protectionKeys = true,
    seed = 1,
  }: MachineOptions = {}) {
    this.pageSize = pageSize
    this.memoryPages = Math.floor(memory / pageSize)
    this.overcommit = overcommit
    this.overcommitRatio = overcommitRatio
    this.maxMapCount = maxMapCount
    this.mmapMinAddress = mmapMinAddress
    this.lowestHint = Math.max(mmapMinAddress, 65536)
    this.protectionKeys = protectionKeys
    this.taskSize = 2 ** 47 - pageSize
    this.stackGuardGap = 256 * pageSize
    this.zeroPage = new Page('file', pageSize, 1)
    this.#random = seed >>> 0
  }

  /** A number in `[0, below)`, from the seed (mulberry32). */
  random(below: number): number {
    this.#random = (this.#random + 0x6d2b79f5) >>> 0
    let mixed = this.#random
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }

  nextInode(): number {
    return ++this.#inodes
  }

  nextPid(): number {
    return ++this.#pids
  }

  /** `__vm_enough_memory`: promises pages, or returns `false`. */
  charge(pages: number, mayUseReserve: boolean): boolean {
    if (!this.canPromise(pages, mayUseReserve)) return false
    this.committed += pages
    return true
  }

  /** Whether `charge` would promise the pages. */
  canPromise(pages: number, mayUseReserve: boolean): boolean {
    if (this.overcommit === 'guess') return pages <= this.memoryPages
    if (this.overcommit !== 'never') return true
    // Three per cent stay for root, as `sysctl_admin_reserve_kbytes` keeps 8 MiB at most.
    let limit = Math.floor((this.memoryPages * this.overcommitRatio) / 100)
    if (!mayUseReserve) limit -= Math.floor((8 * 2 ** 20) / this.pageSize)
    return this.committed + pages <= limit
  }

  /** `vm_unacct_memory` */
  uncharge(pages: number): void {
    this.committed -= pages
  }

  /** `shmem_zero_setup`: the file behind a shared anonymous mapping. `undefined` where the memory can't be promised. */
  sharedMemory(size: number, reserve: boolean): Inode | undefined {
    const pages = reserve ? size / this.pageSize : 0
    if (!this.charge(pages, true)) return undefined
    const inode = new Inode(this, 'memory', '/dev/zero', true)
    inode.size = size
    inode.charged = pages
    return inode
  }
}
