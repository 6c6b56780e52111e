import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { MLOCK } from '../../vocabulary/mlock.js'
import { lockVma } from '../areas/lock-vma.js'
import { populate } from '../faults/populate.js'
import type { Mm } from '../structs/mm.js'
import { VM_FLAG } from '../structs/vm-flag.js'

/** mlockall(2) */
export function mlockall(mm: Mm, flags: number): number {
  const known = MLOCK.MCL_CURRENT | MLOCK.MCL_FUTURE | MLOCK.MCL_ONFAULT
  if (flags === 0 || flags & ~known || flags === MLOCK.MCL_ONFAULT) return ERRNO_RESULT.EINVAL
  if (!mm.mayLock) return ERRNO_RESULT.EPERM
  const limit = Math.floor(mm.limits.lockedMemory / mm.pageSize)
  const current = (flags & MLOCK.MCL_CURRENT) !== 0
  if (current && mm.total > limit && !mm.capabilities.has('CAP_IPC_LOCK')) return ERRNO_RESULT.ENOMEM
  lockAll(mm, flags)
  if (current) populate(mm, 0, mm.machine.taskSize, true)
  return 0
}

/** munlockall(2) */
export function munlockall(mm: Mm): number {
  lockAll(mm, 0)
  return 0
}

/** `apply_mlockall_flags`: ignores the errors of single VMAs. */
function lockAll(mm: Mm, flags: number): void {
  const lock = VM_FLAG.LOCKED | (flags & MLOCK.MCL_ONFAULT ? VM_FLAG.LOCKONFAULT : 0)
  mm.defaultFlags &= ~VM_FLAG.LOCKED_MASK
  if (flags & MLOCK.MCL_FUTURE) {
    mm.defaultFlags |= lock
    if (!(flags & MLOCK.MCL_CURRENT)) return
  }
  const add = flags & MLOCK.MCL_CURRENT ? lock : 0
  let previous = undefined as ReturnType<typeof mm.tree.first>
  for (let vma = mm.tree.first(); vma !== undefined; vma = mm.tree.next(vma)) {
    const changed = lockVma(vma, previous, vma.start, vma.end, (vma.flags & ~VM_FLAG.LOCKED_MASK) | add)
    if (typeof changed !== 'number') vma = changed
    previous = vma
  }
}
