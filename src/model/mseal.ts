import { FAILURE } from './failure.js'
import type { Mm } from './mm.js'
import { modifyVma } from './modify-vma.js'

/** `do_mseal`: a range with a hole is refused before anything is sealed. */
export function mseal(mm: Mm, address: number, length: number, flags: number): number {
  if (flags !== 0 || address % mm.pageSize !== 0) return FAILURE.EINVAL
  const end = address + mm.roundUp(length)
  if (end >= 2 ** 64) return FAILURE.EINVAL
  if (end === address) return 0
  for (let at = address; at < end; ) {
    const vma = mm.tree.lookup(at)
    if (vma === undefined) return FAILURE.ENOMEM
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
