import { MLOCK } from '../vocabulary/mlock.js'
import { applyLock } from './apply-lock.js'
import { BIT } from './bit.js'
import { FAILURE } from './failure.js'
import type { Mm } from './mm.js'
import { populate } from './populate.js'

/** mlock2(2): `do_mlock`. With `flags` 0 it is mlock(2). */
export function mlock(mm: Mm, address: number, length: number, flags: number): number {
  if (flags & ~MLOCK.ONFAULT) return FAILURE.EINVAL
  if (!mm.mayLock) return FAILURE.EPERM
  const over = address % mm.pageSize
  const start = address - over
  const size = mm.roundUp(length + over)
  const limit = Math.floor(mm.limits.lockedMemory / mm.pageSize)
  const privileged = mm.capabilities.has('CAP_IPC_LOCK')
  if (!privileged && size / mm.pageSize + mm.locked - lockedIn(mm, start, start + size) > limit) return FAILURE.ENOMEM
  const error = applyLock(mm, start, start + size, BIT.LOCKED | (flags & MLOCK.ONFAULT ? BIT.LOCKONFAULT : 0))
  if (error !== 0) return error
  const failed = populate(mm, start, start + size, false)
  // __mlock_posix_error_return
  if (failed === FAILURE.EFAULT) return FAILURE.ENOMEM
  return failed === FAILURE.ENOMEM ? FAILURE.EAGAIN : failed
}

/** `count_mm_mlocked_page_nr` */
function lockedIn(mm: Mm, start: number, end: number): number {
  let pages = 0
  for (let vma = mm.tree.find(start); vma !== undefined && vma.start < end; vma = mm.tree.next(vma)) {
    if (vma.flags & BIT.LOCKED) pages += (Math.min(end, vma.end) - Math.max(start, vma.start)) / mm.pageSize
  }
  return pages
}
