import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { modifyVma } from '../areas/modify-vma.js'
import type { Mm } from '../structs/mm.js'

/** `do_mseal`: rejects a range with a hole before anything is sealed. */
export function mseal(mm: Mm, address: number, length: number, flags: number): number {
  if (flags !== 0 || address % mm.pageSize !== 0) return ERRNO_RESULT.EINVAL
  const size = mm.roundUp(length)
  const end = address + size
  if ((size === 0 && length !== 0) || end >= 2 ** 64) return ERRNO_RESULT.EINVAL
  if (end === address) return 0
  for (let at = address; at < end; ) {
    const vma = mm.tree.lookup(at)
    if (vma === undefined) return ERRNO_RESULT.ENOMEM
    at = vma.end
  }
  let vma = mm.tree.lookup(address)!
  let previous = address > vma.start ? vma : mm.tree.previous(vma)
  for (let at = address; at < end; ) {
    const to = Math.min(vma.end, end)
    if (!vma.sealed) {
      const sealed = modifyVma(vma, previous, at, to, vma.flags, vma.uffd, true)
      if (typeof sealed === 'number') return sealed
      sealed.sealed = true
      vma = sealed
    }
    previous = vma
    at = Math.max(to, vma.end)
    if (at < end) vma = mm.tree.find(at)!
  }
  return 0
}
