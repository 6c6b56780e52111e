import { MS } from '../vocabulary/ms.js'
import { BIT } from './bit.js'
import { FAILURE } from './failure.js'
import type { Mm } from './mm.js'

/** msync(2). Files of the model are memory, so that there is nothing to write back. */
export function msync(mm: Mm, address: number, length: number, flags: number): number {
  if (flags & ~(MS.ASYNC | MS.INVALIDATE | MS.SYNC) || address % mm.pageSize !== 0) return FAILURE.EINVAL
  if (flags & MS.ASYNC && flags & MS.SYNC) return FAILURE.EINVAL
  const end = address + mm.roundUp(length)
  if (end >= 2 ** 64) return FAILURE.ENOMEM
  if (end === address) return 0
  let result = 0
  let at = address
  for (let vma = mm.tree.find(at); ; vma = mm.tree.find(at)) {
    if (vma === undefined) return FAILURE.ENOMEM
    if (at < vma.start) {
      if (flags === MS.ASYNC) return FAILURE.ENOMEM
      at = vma.start
      if (at >= end) return FAILURE.ENOMEM
      result = FAILURE.ENOMEM
    }
    if (flags & MS.INVALIDATE && vma.flags & BIT.LOCKED) return FAILURE.EBUSY
    // A device has no fsync.
    if (flags & MS.SYNC && vma.flags & BIT.SHARED && vma.file!.inode.operations !== undefined) return FAILURE.EINVAL
    at = vma.end
    if (at >= end) return result
  }
}
