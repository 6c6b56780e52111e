import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { checkVmaFlags } from './check-vma-flags.js'
import { getUserPage } from './get-user-page.js'

/** `populate_vma_page_range`: faults in a VMA's pages, for writing where a write makes a private copy. Returns 0 or an error. */
export function populateVma(vma: Vma, start: number, end: number): number {
  const { flags } = vma
  if (flags & VM_FLAG.LOCKONFAULT) return 0
  if (!(flags & VM_FLAG.ACCESS)) return ERRNO_RESULT.EFAULT
  const write = (flags & (VM_FLAG.WRITE | VM_FLAG.SHARED)) === VM_FLAG.WRITE
  const refused = checkVmaFlags(vma, write, !write)
  if (refused !== 0) return refused
  for (let at = start; at < end; at += vma.mm.pageSize) {
    const error = getUserPage(vma, at, write)
    // Only MADV_POPULATE distinguishes the two (FOLL_HWPOISON).
    if (error !== 0) return error === ERRNO_RESULT.EHWPOISON ? ERRNO_RESULT.EFAULT : error
  }
  return 0
}
