import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { lockVma } from '../areas/lock-vma.js'
import type { Mm } from '../structs/mm.js'
import { VM_FLAG } from '../structs/vm-flag.js'

/**
 * `apply_vma_lock_flags`: sets or (with 0) clears the lock flags of a range. A hole ends it with an error; the areas before the hole are
 * done.
 */
export function applyLock(mm: Mm, start: number, end: number, lock: number): number {
  if (end >= 2 ** 64) return ERRNO_RESULT.EINVAL
  if (end === start) return 0
  let vma = mm.tree.lookup(start)
  if (vma === undefined) return ERRNO_RESULT.ENOMEM
  let previous = start > vma.start ? vma : mm.tree.previous(vma)
  for (let at = start; at < end; ) {
    if (vma === undefined || vma.start > at) return ERRNO_RESULT.ENOMEM
    const to = Math.min(vma.end, end)
    const changed = lockVma(vma, previous, at, to, (vma.flags & ~VM_FLAG.LOCKED_MASK) | lock)
    if (typeof changed === 'number') return changed
    previous = changed
    at = Math.max(to, changed.end)
    vma = mm.tree.find(at)
  }
  return 0
}
