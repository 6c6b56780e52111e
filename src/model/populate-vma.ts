import { BIT } from './bit.js'
import { checkVmaFlags } from './check-vma-flags.js'
import { FAILURE } from './failure.js'
import { getUserPage } from './get-user-page.js'
import type { Vma } from './vma.js'

/** `populate_vma_page_range`: faults a VMA's pages in, for writing where that makes a private copy. Returns 0 or an error. */
export function populateVma(vma: Vma, start: number, end: number): number {
  const { flags } = vma
  if (flags & BIT.LOCKONFAULT) return 0
  if (!(flags & BIT.ACCESS)) return FAILURE.EFAULT
  const write = (flags & (BIT.WRITE | BIT.SHARED)) === BIT.WRITE
  const refused = checkVmaFlags(vma, write, !write)
  if (refused !== 0) return refused
  for (let at = start; at < end; at += vma.mm.pageSize) {
    const error = getUserPage(vma, at, write)
    // Only MADV_POPULATE asks for the difference (FOLL_HWPOISON).
    if (error !== 0) return error === FAILURE.EHWPOISON ? FAILURE.EFAULT : error
  }
  return 0
}
