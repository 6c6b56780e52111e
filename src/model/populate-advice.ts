import { BIT } from './bit.js'
import { FAILURE } from './failure.js'
import { getUserPage } from './get-user-page.js'
import type { Mm } from './mm.js'

/** `madvise_populate`, `faultin_page_range`: faults pages in until one can't be had. */
export function populateAdvice(mm: Mm, start: number, end: number, write: boolean): number {
  let at = start
  while (at < end) {
    const vma = mm.tree.lookup(at)
    if (vma === undefined) return FAILURE.ENOMEM
    const { flags } = vma
    // check_vma_flags
    if (flags & (BIT.IO | BIT.PFNMAP) || !(flags & (write ? BIT.WRITE : BIT.READ))) return FAILURE.EINVAL
    if (flags & BIT.EXECUTE_ONLY) return FAILURE.EINVAL
    const to = Math.min(end, vma.end)
    for (; at < to; at += mm.pageSize) {
      const error = getUserPage(vma, at, write)
      if (error !== 0) return error
    }
  }
  return 0
}
