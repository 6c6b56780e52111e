import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { MS } from '../../vocabulary/ms.js'
import type { Mm } from '../structs/mm.js'
import { VM_FLAG } from '../structs/vm-flag.js'

/** msync(2). The model's files are in memory, so there is nothing to write back. */
export function msync(mm: Mm, address: number, length: number, flags: number): number {
  if (flags & ~(MS.ASYNC | MS.INVALIDATE | MS.SYNC) || address % mm.pageSize !== 0) return ERRNO_RESULT.EINVAL
  if (flags & MS.ASYNC && flags & MS.SYNC) return ERRNO_RESULT.EINVAL
  const end = address + mm.roundUp(length)
  if (end >= 2 ** 64) return ERRNO_RESULT.ENOMEM
  if (end === address) return 0
  let result = 0
  let at = address
  for (let vma = mm.tree.find(at); ; vma = mm.tree.find(at)) {
    if (vma === undefined) return ERRNO_RESULT.ENOMEM
    if (at < vma.start) {
      if (flags === MS.ASYNC) return ERRNO_RESULT.ENOMEM
      at = vma.start
      if (at >= end) return ERRNO_RESULT.ENOMEM
      result = ERRNO_RESULT.ENOMEM
    }
    if (flags & MS.INVALIDATE && vma.flags & VM_FLAG.LOCKED) return ERRNO_RESULT.EBUSY
    // A device has no fsync.
    if (flags & MS.SYNC && vma.flags & VM_FLAG.SHARED && vma.file!.inode.operations !== undefined)
      return ERRNO_RESULT.EINVAL
    at = vma.end
    if (at >= end) return result
  }
}
