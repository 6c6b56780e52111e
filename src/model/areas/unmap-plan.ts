import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { tellDriver } from '../hooks/tell-driver.js'
import { zap } from '../pages/zap.js'
import type { Mm } from '../structs/mm.js'
import type { Uffd } from '../structs/uffd.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { splitVma } from './split-vma.js'
import { unlinkVma } from './unlink-vma.js'

/** `struct vma_munmap_struct`: the VMAs of a range that is to be unmapped, split at its edges, with their share of the accounting. */
export class UnmapPlan {
  readonly #mm: Mm
  readonly #start: number
  readonly #end: number
  readonly #vmas: Vma[] = []
  /** The userfaultfds that get an unmap event (`userfaultfd_unmap_prep`). */
  #uffds: Set<Uffd> | undefined = undefined
  readonly #later: (() => void)[] | undefined
  #cleared = false
  /** Pages of all. */
  pages = 0
  /** Pages that are charged against the commit limit. */
  accounted = 0
  #locked = 0

  constructor(mm: Mm, start: number, end: number, later?: (() => void)[]) {
    this.#later = later
    this.#mm = mm
    this.#start = start
    this.#end = end
  }

  /**
   * `vms_gather_munmap_vmas`: splits the first and the last VMA at the edges and collects all. Returns 0 or an error; a split that was
   * made before the error stays, and userfaultfds get the event of the range all the same.
   */
  gather(first: Vma): number {
    const error = this.#collect(first)
    if (this.#uffds !== undefined) for (const uffd of this.#uffds) this.#tell(uffd)
    return error
  }

  #collect(first: Vma): number {
    const mm = this.#mm
    let vma: Vma | undefined = first
    if (this.#start > first.start) {
      if (this.#end < first.end && mm.tree.size >= mm.machine.maxMapCount) return ERRNO_RESULT.ENOMEM
      if (first.sealed) return ERRNO_RESULT.EPERM
      const half = splitVma(first, this.#start, true)
      if (typeof half === 'number') return half
    }
    for (; vma !== undefined; vma = mm.tree.next(vma, this.#end)) {
      if (vma.sealed) return ERRNO_RESULT.EPERM
      if (vma.end > this.#end) {
        const half = splitVma(vma, this.#end, false)
        if (typeof half === 'number') return half
      }
      const pages = (vma.end - vma.start) / mm.pageSize
      this.#vmas.push(vma)
      this.pages += pages
      if (vma.uffd !== undefined) {
        this.#uffds ??= new Set()
        this.#uffds.add(vma.uffd)
      }
      if (vma.flags & VM_FLAG.LOCKED) this.#locked += pages
      if (vma.flags & VM_FLAG.ACCOUNT) this.accounted += pages
    }
    return 0
  }

  /** `vms_clean_up_area`: frees the pages while the VMAs still exist. It is irreversible. */
  clear(): void {
    if (this.#cleared) return
    this.#cleared = true
    zap(this.#mm, this.#start, this.#end, 'drop')
    for (const vma of this.#vmas) tellDriver(vma, 'closeArea')
  }

  #tell(uffd: Uffd): void {
    const tell = () => uffd.unmapped(this.#start, this.#end)
    if (this.#later === undefined) tell()
    else this.#later.push(tell)
  }

  /** `vms_complete_munmap_vmas`: removes the VMAs and their share of the accounting. */
  complete(): void {
    const mm = this.#mm
    this.clear()
    for (const vma of this.#vmas) {
      mm.account(vma.flags, -(vma.end - vma.start) / mm.pageSize)
      unlinkVma(vma)
    }
    mm.locked -= this.#locked
    mm.machine.uncharge(this.accounted)
    const { tree, tables, pageSize } = mm
    if (tables.empty) return
    const before = tree.before(this.#start)
    const after = tree.find(this.#end)
    const ceiling = after?.start ?? mm.machine.taskSize
    tables.free(this.#start / pageSize, this.#end / pageSize, (before?.end ?? 0) / pageSize, ceiling / pageSize)
  }
}
