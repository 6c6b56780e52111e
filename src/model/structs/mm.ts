import type { AddressSpace } from '../../kernel/address-space.js'
import type { VmError } from '../../vocabulary/vm-error.js'
import type { Machine } from './machine.js'
import { PageTables } from './page-tables.js'
import { VM_FLAG } from './vm-flag.js'
import type { Vma } from './vma.js'
import { VmaTree } from './vma-tree.js'

/** `RLIMIT_*` in bytes; `Infinity` is no limit. */
export interface Limits {
  /** `RLIMIT_AS` */
  addressSpace: number
  /** `RLIMIT_DATA` */
  data: number
  /** `RLIMIT_MEMLOCK` */
  lockedMemory: number
  /** `RLIMIT_STACK` */
  stack: number
}

/** The capabilities that memory calls check. */
export type Capability = 'CAP_IPC_LOCK' | 'CAP_SYS_ADMIN' | 'CAP_SYS_NICE' | 'CAP_SYS_PTRACE' | 'CAP_SYS_RAWIO'

/** `mm_struct`, with what the kernel keeps beside it in the task: the limits and the capabilities of the process. */
export class Mm {
  readonly machine: Machine
  readonly pageSize: number
  readonly tree = new VmaTree()
  readonly tables = new PageTables()
  readonly limits: Limits
  readonly capabilities: Set<Capability>
  /** `def_flags`: what mlockall(2) adds to each new VMA. */
  defaultFlags = 0
  /** The highest address of the top-down search. */
  mmapBase: number
  /** Where the bottom-up search begins. */
  legacyBase: number
  startBreak = 0
  break = 0
  /** In pages, as all that follow: `total_vm`. */
  total = 0
  /** `data_vm`: private and writable. */
  data = 0
  /** `exec_vm` */
  executable = 0
  /** `stack_vm` */
  stack = 0
  /** `locked_vm` */
  locked = 0
  /**
   * The part of `locked` that no VMA has: `MREMAP_DONTUNMAP` takes the lock from the old place without giving its count back
   * (seen in `VmLck` on Linux 6.18).
   */
  strayLocked = 0
  /** `MM_ANONPAGES`: entries with private pages. */
  anonymousPages = 0
  /** `MM_FILEPAGES` and `MM_SHMEMPAGES`: entries with pages of files and drivers. */
  filePages = 0
  /** `mm_users`: 0 once it was torn down. */
  users = 1
  /** Readers of the mmap lock. */
  readers = 0
  /** The classes of the guards that hold it, for messages. */
  readonly guards: string[] = []
  /** The top of the stack when it was made, by which its area is named. */
  stackTop = 0
  /** The VMA that was freed last: see `newVma`. */
  spareVma: Vma | undefined = undefined
  /** The address space of the seam for it. */
  addressSpace: AddressSpace | undefined = undefined
  /** The number of `mmap` hooks that are running: the mmap lock is held for writing until they return. */
  hooks = 0
  /** The error that a hook of the current call threw. */
  hookError: VmError | undefined = undefined
  /** The error that made the last access to a driver's memory fail. */
  driverError: VmError | undefined = undefined
  /**
   * The promise that the last waiting access waits for: resolves with `undefined` when it can be retried, or with the error that ends it.
   */
  waitsFor: Promise<VmError | undefined> | undefined = undefined
  /** Withdraws from its userfaultfd the fault of an access that can't wait. */
  withdrawFault: (() => void) | undefined = undefined

  constructor(machine: Machine, limits: Limits, capabilities: Iterable<Capability>) {
    this.machine = machine
    this.pageSize = machine.pageSize
    this.limits = limits
    this.capabilities = new Set(capabilities)
    this.mmapBase = machine.taskSize
    this.legacyBase = Math.ceil(machine.taskSize / 3 / machine.pageSize) * machine.pageSize
  }

  /** `PAGE_ALIGN` of a length that begins `inPage` bytes within a page: the last page's bytes wrap to 0. */
  roundUp(bytes: number, inPage = 0): number {
    const whole = Math.floor(bytes / this.pageSize) * this.pageSize
    const rounded = whole + Math.ceil((bytes - whole + inPage) / this.pageSize) * this.pageSize
    return rounded < 2 ** 64 ? rounded : rounded - 2 ** 64
  }

  /** `may_expand_vm` */
  mayExpand(flags: number, pages: number): boolean {
    const { limits, pageSize } = this
    if (this.total + pages > Math.floor(limits.addressSpace / pageSize)) return false
    return !isData(flags) || this.data + pages <= Math.floor(limits.data / pageSize)
  }

  /** `vm_stat_account`: `pages` may be negative. */
  account(flags: number, pages: number): void {
    this.total += pages
    if ((flags & (VM_FLAG.EXEC | VM_FLAG.WRITE | VM_FLAG.GROWSDOWN)) === VM_FLAG.EXEC) this.executable += pages
    else if (flags & VM_FLAG.GROWSDOWN) this.stack += pages
    else if (isData(flags)) this.data += pages
  }

  /** `security_vm_enough_memory_mm`: charges pages, or returns `false`. */
  charge(pages: number): boolean {
    return this.machine.charge(pages, this.capabilities.has('CAP_SYS_ADMIN'))
  }

  /** `can_do_mlock` */
  get mayLock(): boolean {
    return this.limits.lockedMemory !== 0 || this.capabilities.has('CAP_IPC_LOCK')
  }

  /** `mlock_future_ok` */
  mayLockMore(flags: number, bytes: number): boolean {
    if (!(flags & VM_FLAG.LOCKED) || this.capabilities.has('CAP_IPC_LOCK')) return true
    return Math.floor(bytes / this.pageSize) + this.locked <= Math.floor(this.limits.lockedMemory / this.pageSize)
  }
}

/** `is_data_mapping` */
function isData(flags: number): boolean {
  return (flags & (VM_FLAG.WRITE | VM_FLAG.SHARED | VM_FLAG.GROWSDOWN)) === VM_FLAG.WRITE
}
