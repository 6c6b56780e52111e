import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { UFFD_RESOLVE_MODE } from '../../vocabulary/uffd-resolve-mode.js'
import type { Uffd } from '../structs/uffd.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import { uffdProtect } from './uffd-protect.js'
import { uffdRange } from './uffd-range.js'

/** `userfaultfd_writeprotect`, `mwriteprotect_range` */
export function uffdWriteProtect(uffd: Uffd, start: number, length: number, mode: number): number {
  const { tree } = uffd.mm
  if (uffd.changing) return ERRNO_RESULT.EAGAIN
  const refused = uffdRange(uffd.mm, start, length)
  if (refused !== 0) return refused
  const protect = (mode & UFFD_RESOLVE_MODE.WRITEPROTECT_WP) !== 0
  const asleep = (mode & UFFD_RESOLVE_MODE.WRITEPROTECT_DONTWAKE) !== 0
  if (mode & ~3 || (protect && asleep)) return ERRNO_RESULT.EINVAL
  if (uffd.mm.users === 0) return ERRNO_RESULT.ESRCH
  const end = start + length
  let result: number = ERRNO_RESULT.ENOENT
  for (let vma = tree.find(start); vma !== undefined && vma.start < end; vma = tree.next(vma)) {
    if (!(vma.flags & VM_FLAG.UFFD_WP)) return ERRNO_RESULT.ENOENT
    uffdProtect(vma, Math.max(vma.start, start), Math.min(vma.end, end), protect)
    result = 0
  }
  if (result === 0 && !protect && !asleep) uffd.wake(start, end)
  return result
}
