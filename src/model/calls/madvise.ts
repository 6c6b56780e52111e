import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { MADV } from '../../vocabulary/madv.js'
import type { Mm } from '../structs/mm.js'
import { adviseVma } from './advise-vma.js'
import { populateAdvice } from './populate-advice.js'

const known = new Set<number>(Object.values(MADV))

/** `do_madvise`: skips holes and reports them at the end; an error of a VMA ends it. */
export function madvise(mm: Mm, address: number, length: number, advice: number): number {
  // A kernel without CONFIG_MEMORY_FAILURE lacks these.
  if (!known.has(advice) || advice === MADV.HWPOISON || advice === MADV.SOFT_OFFLINE) return ERRNO_RESULT.EINVAL
  if (address % mm.pageSize !== 0) return ERRNO_RESULT.EINVAL
  const size = mm.roundUp(length)
  const end = address + size
  if ((size === 0 && length !== 0) || end >= 2 ** 64) return ERRNO_RESULT.EINVAL
  if (end === address) return 0
  if (advice === MADV.POPULATE_READ || advice === MADV.POPULATE_WRITE) {
    return populateAdvice(mm, address, end, advice === MADV.POPULATE_WRITE)
  }
  // madvise_walk_vmas
  let result = 0
  let vma = mm.tree.find(address)
  if (vma === undefined) return ERRNO_RESULT.ENOMEM
  let previous = address > vma.start ? vma : mm.tree.previous(vma)
  for (let at = address; ; ) {
    if (vma === undefined) return ERRNO_RESULT.ENOMEM
    if (at < vma.start) {
      result = ERRNO_RESULT.ENOMEM
      at = vma.start
      if (at >= end) return result
    }
    const to = Math.min(vma.end, end)
    const advised = adviseVma(vma, previous, at, to, advice)
    if (typeof advised === 'number') return advised
    previous = advised
    at = Math.max(to, advised.end)
    if (at >= end) return result
    vma = mm.tree.find(at)
  }
}
