import { UFFD_RESOLVE_MODE } from '../vocabulary/uffd-resolve-mode.js'
import { BIT } from './bit.js'
import { FAILURE } from './failure.js'
import type { Uffd } from './uffd.js'
import { uffdProtect } from './uffd-protect.js'
import { uffdRange } from './uffd-range.js'

/** `userfaultfd_writeprotect`, `mwriteprotect_range` */
export function uffdWriteProtect(uffd: Uffd, start: number, length: number, mode: number): number {
  const { tree } = uffd.mm
  if (uffd.changing) return FAILURE.EAGAIN
  const refused = uffdRange(uffd.mm, start, length)
  if (refused !== 0) return refused
  const protect = (mode & UFFD_RESOLVE_MODE.WRITEPROTECT_WP) !== 0
  const asleep = (mode & UFFD_RESOLVE_MODE.WRITEPROTECT_DONTWAKE) !== 0
  if (mode & ~3 || (protect && asleep)) return FAILURE.EINVAL
  if (uffd.mm.users === 0) return FAILURE.ESRCH
  const end = start + length
  let result: number = FAILURE.ENOENT
  for (let vma = tree.find(start); vma !== undefined && vma.start < end; vma = tree.next(vma)) {
    if (!(vma.flags & BIT.UFFD_WP)) return FAILURE.ENOENT
    uffdProtect(vma, Math.max(vma.start, start), Math.min(vma.end, end), protect)
    result = 0
  }
  if (result === 0 && !protect && !asleep) uffd.wake(start, end)
  return result
}
