import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { checkVmaFlags } from '../faults/check-vma-flags.js'
import { getUserPage } from '../faults/get-user-page.js'
import type { Mm } from '../structs/mm.js'

/** `madvise_populate`, `faultin_page_range`: faults pages in, up to the first that fails. */
export function populateAdvice(mm: Mm, start: number, end: number, write: boolean): number {
  let at = start
  while (at < end) {
    const vma = mm.tree.lookup(at)
    if (vma === undefined) return ERRNO_RESULT.ENOMEM
    // FOLL_MADV_POPULATE: an access that the area does not permit is EINVAL, not a fault.
    if (checkVmaFlags(vma, write, false) !== 0) return ERRNO_RESULT.EINVAL
    const to = Math.min(end, vma.end)
    for (; at < to; at += mm.pageSize) {
      const error = getUserPage(vma, at, write)
      if (error !== 0) return error
    }
  }
  return 0
}
