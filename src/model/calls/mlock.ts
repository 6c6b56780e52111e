import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { MLOCK } from '../../vocabulary/mlock.js'
import { populate } from '../faults/populate.js'
import type { Mm } from '../structs/mm.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import { applyLock } from './apply-lock.js'

/** mlock2(2): `do_mlock`. With `flags` 0 it is mlock(2). */
export function mlock(mm: Mm, address: number, length: number, flags: number): number {
  if (flags & ~MLOCK.ONFAULT) return ERRNO_RESULT.EINVAL
  if (!mm.mayLock) return ERRNO_RESULT.EPERM
  const over = address % mm.pageSize
  const start = address - over
  const size = mm.roundUp(length, over)
  const limit = Math.floor(mm.limits.lockedMemory / mm.pageSize)
  const privileged = mm.capabilities.has('CAP_IPC_LOCK')
  if (!privileged && size / mm.pageSize + mm.locked - lockedIn(mm, start, start + size) > limit)
    return ERRNO_RESULT.ENOMEM
  const error = applyLock(mm, start, start + size, VM_FLAG.LOCKED | (flags & MLOCK.ONFAULT ? VM_FLAG.LOCKONFAULT : 0))
  if (error !== 0) return error
  const failed = populate(mm, start, start + size, false)
  // __mlock_posix_error_return
  if (failed === ERRNO_RESULT.EFAULT) return ERRNO_RESULT.ENOMEM
  return failed === ERRNO_RESULT.ENOMEM ? ERRNO_RESULT.EAGAIN : failed
}

/** `count_mm_mlocked_page_nr` */
function lockedIn(mm: Mm, start: number, end: number): number {
  let pages = 0
  for (let vma = mm.tree.find(start); vma !== undefined && vma.start < end; vma = mm.tree.next(vma)) {
    if (vma.flags & VM_FLAG.LOCKED) pages += (Math.min(end, vma.end) - Math.max(start, vma.start)) / mm.pageSize
  }
  return pages
}
