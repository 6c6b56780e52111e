import { MLOCK } from '../vocabulary/mlock.js'
import { BIT } from './bit.js'
import { FAILURE } from './failure.js'
import { lockVma } from './lock-vma.js'
import type { Mm } from './mm.js'
import { populate } from './populate.js'

/** mlockall(2) */
export function mlockall(mm: Mm, flags: number): number {
  const known = MLOCK.MCL_CURRENT | MLOCK.MCL_FUTURE | MLOCK.MCL_ONFAULT
  if (flags === 0 || flags & ~known || flags === MLOCK.MCL_ONFAULT) return FAILURE.EINVAL
  if (!mm.mayLock) return FAILURE.EPERM
  const limit = Math.floor(mm.limits.lockedMemory / mm.pageSize)
  const current = (flags & MLOCK.MCL_CURRENT) !== 0
  if (current && mm.total > limit && !mm.capabilities.has('CAP_IPC_LOCK')) return FAILURE.ENOMEM
  lockAll(mm, flags)
  if (current) populate(mm, 0, mm.machine.taskSize, true)
  return 0
}

/** munlockall(2) */
export function munlockall(mm: Mm): number {
  lockAll(mm, 0)
  return 0
}

/** `apply_mlockall_flags`: errors of single VMAs do not count. */
function lockAll(mm: Mm, flags: number): void {
  const lock = BIT.LOCKED | (flags & MLOCK.MCL_ONFAULT ? BIT.LOCKONFAULT : 0)
  mm.defaultFlags &= ~BIT.LOCKED_MASK
  if (flags & MLOCK.MCL_FUTURE) {
    mm.defaultFlags |= lock
    if (!(flags & MLOCK.MCL_CURRENT)) return
  }
  const add = flags & MLOCK.MCL_CURRENT ? lock : 0
  let previous = undefined as ReturnType<typeof mm.tree.first>
  for (let vma = mm.tree.first(); vma !== undefined; vma = mm.tree.next(vma)) {
    const changed = lockVma(vma, previous, vma.start, vma.end, (vma.flags & ~BIT.LOCKED_MASK) | add)
    if (typeof changed !== 'number') vma = changed
    previous = vma
  }
}
