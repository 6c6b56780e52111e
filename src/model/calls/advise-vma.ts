import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { hex } from '../../vocabulary/hex.js'
import { MADV } from '../../vocabulary/madv.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { anonVmaPrepare } from '../areas/anon-vma-prepare.js'
import { modifyVma } from '../areas/modify-vma.js'
import { punchHole } from '../files/punch-hole.js'
import { markersOf } from '../pages/markers-of.js'
import { zap } from '../pages/zap.js'
import { PTE } from '../structs/pte.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

const discards = new Set<number>([
  MADV.FREE,
  MADV.DONTNEED,
  MADV.DONTNEED_LOCKED,
  MADV.REMOVE,
  MADV.DONTFORK,
  MADV.WIPEONFORK,
  MADV.GUARD_INSTALL,
])

/** `madvise_vma_behavior`: one advice on one VMA's part of the range. Returns the VMA that has it now, or an error. */
export function adviseVma(
  vma: Vma,
  previous: Vma | undefined,
  start: number,
  end: number,
  advice: number,
): Vma | number {
  const { mm, flags } = vma
  // can_madvise_modify: a sealed VMA that may not be written must not be emptied either.
  if (vma.sealed && discards.has(advice) && vma.file === undefined && !(flags & VM_FLAG.WRITE)) {
    return ERRNO_RESULT.EPERM
  }
  switch (advice) {
    case MADV.WILLNEED:
      return vma
    case MADV.COLD:
    case MADV.PAGEOUT:
      return flags & (VM_FLAG.LOCKED | VM_FLAG.PFNMAP) ? ERRNO_RESULT.EINVAL : vma
    case MADV.DONTNEED:
    case MADV.DONTNEED_LOCKED:
      if (flags & VM_FLAG.PFNMAP || (advice === MADV.DONTNEED && flags & VM_FLAG.LOCKED)) return ERRNO_RESULT.EINVAL
      vma.uffd?.removed(vma, start, end)
      zap(mm, start, end, markersOf(vma))
      return vma
    case MADV.FREE:
      if (flags & (VM_FLAG.LOCKED | VM_FLAG.PFNMAP)) return ERRNO_RESULT.EINVAL
      vma.uffd?.removed(vma, start, end)
      if (vma.file !== undefined) return ERRNO_RESULT.EINVAL
      // The model reclaims no memory, so freed pages keep their bytes; poison is removed at once (madvise_free_pte_range).
      mm.tables.visit(start / mm.pageSize, end / mm.pageSize, (_page, table, index) => {
        if (table.bits[index]! & PTE.POISON) table.bits[index] = 0
      })
      return vma
    case MADV.REMOVE: {
      const error = remove(vma, start, end)
      return error === 0 ? vma : error
    }
    case MADV.COLLAPSE:
      return collapse(vma, start, end)
    case MADV.GUARD_INSTALL:
      if (flags & (VM_FLAG.SPECIAL | VM_FLAG.LOCKED)) return ERRNO_RESULT.EINVAL
      vma.flags |= VM_FLAG.MAYBE_GUARD
      if (vma.file === undefined) anonVmaPrepare(vma)
      zap(mm, start, end, markersOf(vma))
      refuseMarkers(vma, start, end)
      for (let page = start / mm.pageSize; page < end / mm.pageSize; page++) {
        if (mm.tables.bits(page) === 0 || !(mm.tables.bits(page) & PTE.GUARD)) mm.tables.set(page, PTE.GUARD, undefined)
      }
      return vma
    case MADV.GUARD_REMOVE:
      if (flags & VM_FLAG.SPECIAL) return ERRNO_RESULT.EINVAL
      mm.tables.visit(start / mm.pageSize, end / mm.pageSize, (_page, table, index) => {
        if (table.bits[index]! & PTE.GUARD) table.bits[index] = 0
      })
      return vma
  }
  const changed = flagsFor(vma, advice)
  if (typeof changed !== 'object') return changed
  if (changed.flags === flags) return vma
  // madvise_update_vma
  const modified = modifyVma(vma, previous, start, end, changed.flags)
  if (typeof modified === 'number') return modified === ERRNO_RESULT.ENOMEM ? ERRNO_RESULT.EAGAIN : modified
  modified.flags = changed.flags | (modified.flags & VM_FLAG.STICKY)
  return modified
}

/** The flags after an advice that only changes flags. An object, because a flag word may be negative as an error is. */
function flagsFor({ flags, file }: Vma, advice: number): { readonly flags: number } | number {
  switch (advice) {
    case MADV.NORMAL:
      return { flags: flags & ~(VM_FLAG.RAND_READ | VM_FLAG.SEQ_READ) }
    case MADV.SEQUENTIAL:
      return { flags: (flags & ~VM_FLAG.RAND_READ) | VM_FLAG.SEQ_READ }
    case MADV.RANDOM:
      return { flags: (flags & ~VM_FLAG.SEQ_READ) | VM_FLAG.RAND_READ }
    case MADV.DONTFORK:
      return { flags: flags | VM_FLAG.DONTCOPY }
    case MADV.DOFORK:
      return flags & VM_FLAG.IO ? ERRNO_RESULT.EINVAL : { flags: flags & ~VM_FLAG.DONTCOPY }
    case MADV.WIPEONFORK:
      return file !== undefined || flags & VM_FLAG.SHARED ? ERRNO_RESULT.EINVAL : { flags: flags | VM_FLAG.WIPEONFORK }
    case MADV.KEEPONFORK:
      return flags & VM_FLAG.DROPPABLE ? ERRNO_RESULT.EINVAL : { flags: flags & ~VM_FLAG.WIPEONFORK }
    case MADV.DONTDUMP:
      return { flags: flags | VM_FLAG.DONTDUMP }
    case MADV.DODUMP:
      return flags & (VM_FLAG.SPECIAL | VM_FLAG.DROPPABLE) ? ERRNO_RESULT.EINVAL : { flags: flags & ~VM_FLAG.DONTDUMP }
    case MADV.MERGEABLE: {
      // ksm_madvise, vma_ksm_compatible
      const incompatible = flags & (VM_FLAG.SHARED | VM_FLAG.MAYSHARE | VM_FLAG.SPECIAL | VM_FLAG.DROPPABLE)
      return { flags: incompatible ? flags : flags | VM_FLAG.MERGEABLE }
    }
    case MADV.UNMERGEABLE:
      return { flags: flags & ~VM_FLAG.MERGEABLE }
    case MADV.HUGEPAGE:
      return { flags: (flags & ~VM_FLAG.NOHUGEPAGE) | VM_FLAG.HUGEPAGE }
    case MADV.NOHUGEPAGE:
      return { flags: (flags & ~VM_FLAG.HUGEPAGE) | VM_FLAG.NOHUGEPAGE }
    default:
      return ERRNO_RESULT.EINVAL
  }
}

/** `madvise_remove` */
function remove(vma: Vma, start: number, end: number): number {
  const { mm, file, flags } = vma
  if (flags & VM_FLAG.LOCKED || file === undefined) return ERRNO_RESULT.EINVAL
  if ((flags & (VM_FLAG.SHARED | VM_FLAG.MAYWRITE)) !== (VM_FLAG.SHARED | VM_FLAG.MAYWRITE)) return ERRNO_RESULT.EACCES
  vma.uffd?.removed(vma, start, end)
  const first = vma.pgoff + (start - vma.start) / mm.pageSize
  return punchHole(file, first, first + (end - start) / mm.pageSize)
}

/** `madvise_collapse`: the model has no huge pages, so it gives the kernel's refusals and the answers for ranges with nothing to do. */
function collapse(vma: Vma, start: number, end: number): Vma | number {
  const huge = 2 ** 21
  const eligible = Math.floor(vma.end / huge) > Math.ceil(vma.start / huge)
  if (!eligible) return ERRNO_RESULT.EINVAL
  return Math.floor(end / huge) > Math.ceil(start / huge) ? ERRNO_RESULT.ENOSYS : vma
}

/**
 * `madvise_guard_install` zaps the range and tries again until it is empty. The userfaultfd markers of file memory survive a zap, so that
 * Linux 6.18 restarts the call forever.
 */
function refuseMarkers({ mm }: Vma, start: number, end: number): void {
  mm.tables.visit(start / mm.pageSize, end / mm.pageSize, (page, table, index) => {
    if (table.bits[index]! & PTE.GUARD) return
    throw new UsageError(
      'ERR_VMAREA_KERNEL_BUG',
      `a guard can't be put at ${hex(page * mm.pageSize)}, which a userfaultfd has marked: the kernel never returns from this call`,
    )
  })
}
