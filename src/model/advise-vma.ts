import { hex } from '../vocabulary/hex.js'
import { MADV } from '../vocabulary/madv.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { anonVmaPrepare } from './anon-vma-prepare.js'
import { BIT } from './bit.js'
import { FAILURE } from './failure.js'
import { markersOf } from './markers-of.js'
import { modifyVma } from './modify-vma.js'
import { PTE } from './pte.js'
import { punchHole } from './punch-hole.js'
import type { Vma } from './vma.js'
import { zap } from './zap.js'

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
  // can_madvise_modify: a sealed VMA whose owner could not write it must not be emptied either.
  if (vma.sealed && discards.has(advice) && vma.file === undefined && !(flags & BIT.WRITE)) {
    return FAILURE.EPERM
  }
  switch (advice) {
    case MADV.WILLNEED:
      return vma
    case MADV.COLD:
    case MADV.PAGEOUT:
      return flags & (BIT.LOCKED | BIT.PFNMAP) ? FAILURE.EINVAL : vma
    case MADV.DONTNEED:
    case MADV.DONTNEED_LOCKED:
      if (flags & BIT.PFNMAP || (advice === MADV.DONTNEED && flags & BIT.LOCKED)) return FAILURE.EINVAL
      vma.uffd?.removed(vma, start, end)
      zap(mm, start, end, markersOf(vma))
      return vma
    case MADV.FREE:
      if (flags & (BIT.LOCKED | BIT.PFNMAP)) return FAILURE.EINVAL
      vma.uffd?.removed(vma, start, end)
      if (vma.file !== undefined) return FAILURE.EINVAL
      // Nothing reclaims memory here, so that what is free stays as it is; poison goes at once (madvise_free_pte_range).
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
      if (flags & (BIT.SPECIAL | BIT.LOCKED)) return FAILURE.EINVAL
      vma.flags |= BIT.MAYBE_GUARD
      if (vma.file === undefined) anonVmaPrepare(vma)
      zap(mm, start, end, markersOf(vma))
      refuseMarkers(vma, start, end)
      for (let page = start / mm.pageSize; page < end / mm.pageSize; page++) {
        if (mm.tables.bits(page) === 0 || !(mm.tables.bits(page) & PTE.GUARD)) mm.tables.set(page, PTE.GUARD, undefined)
      }
      return vma
    case MADV.GUARD_REMOVE:
      if (flags & BIT.SPECIAL) return FAILURE.EINVAL
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
  if (typeof modified === 'number') return modified === FAILURE.ENOMEM ? FAILURE.EAGAIN : modified
  modified.flags = changed.flags | (modified.flags & BIT.STICKY)
  return modified
}

/** The flags after an advice that only changes flags. In an object, because a flag word may be negative. */
function flagsFor({ flags, file }: Vma, advice: number): { readonly flags: number } | number {
  switch (advice) {
    case MADV.NORMAL:
      return { flags: flags & ~(BIT.RAND_READ | BIT.SEQ_READ) }
    case MADV.SEQUENTIAL:
      return { flags: (flags & ~BIT.RAND_READ) | BIT.SEQ_READ }
    case MADV.RANDOM:
      return { flags: (flags & ~BIT.SEQ_READ) | BIT.RAND_READ }
    case MADV.DONTFORK:
      return { flags: flags | BIT.DONTCOPY }
    case MADV.DOFORK:
      return flags & BIT.IO ? FAILURE.EINVAL : { flags: flags & ~BIT.DONTCOPY }
    case MADV.WIPEONFORK:
      return file !== undefined || flags & BIT.SHARED ? FAILURE.EINVAL : { flags: flags | BIT.WIPEONFORK }
    case MADV.KEEPONFORK:
      return flags & BIT.DROPPABLE ? FAILURE.EINVAL : { flags: flags & ~BIT.WIPEONFORK }
    case MADV.DONTDUMP:
      return { flags: flags | BIT.DONTDUMP }
    case MADV.DODUMP:
      return flags & (BIT.SPECIAL | BIT.DROPPABLE) ? FAILURE.EINVAL : { flags: flags & ~BIT.DONTDUMP }
    case MADV.MERGEABLE: {
      // ksm_madvise, vma_ksm_compatible
      const incompatible = flags & (BIT.SHARED | BIT.MAYSHARE | BIT.SPECIAL | BIT.DROPPABLE)
      return { flags: incompatible ? flags : flags | BIT.MERGEABLE }
    }
    case MADV.UNMERGEABLE:
      return { flags: flags & ~BIT.MERGEABLE }
    case MADV.HUGEPAGE:
      return { flags: (flags & ~BIT.NOHUGEPAGE) | BIT.HUGEPAGE }
    case MADV.NOHUGEPAGE:
      return { flags: (flags & ~BIT.HUGEPAGE) | BIT.NOHUGEPAGE }
    default:
      return FAILURE.EINVAL
  }
}

/** `madvise_remove` */
function remove(vma: Vma, start: number, end: number): number {
  const { mm, file, flags } = vma
  if (flags & BIT.LOCKED || file === undefined) return FAILURE.EINVAL
  if ((flags & (BIT.SHARED | BIT.MAYWRITE)) !== (BIT.SHARED | BIT.MAYWRITE)) return FAILURE.EACCES
  vma.uffd?.removed(vma, start, end)
  const first = vma.pgoff + (start - vma.start) / mm.pageSize
  return punchHole(file, first, first + (end - start) / mm.pageSize)
}

/** `madvise_collapse`: there are no huge pages here, so that only what the kernel refuses, or has nothing to do for, is answered. */
function collapse(vma: Vma, start: number, end: number): Vma | number {
  const huge = 2 ** 21
  const eligible = Math.floor(vma.end / huge) > Math.ceil(vma.start / huge)
  if (!eligible) return FAILURE.EINVAL
  return Math.floor(end / huge) > Math.ceil(start / huge) ? FAILURE.ENOSYS : vma
}

/**
 * `madvise_guard_install` zaps what is there and tries again until nothing is left. The marks of userfaultfd on file memory survive a
 * zap, so that Linux 6.18 restarts the call for ever.
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
