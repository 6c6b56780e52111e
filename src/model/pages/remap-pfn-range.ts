import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import type { Page } from '../structs/page.js'
import { PTE } from '../structs/pte.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

/**
 * `remap_pfn_range`: maps pages by their frame numbers from `address` on, without counting them. They are read-only where the first write
 * calls `pfn_mkwrite` or makes a copy. Returns 0 or an error.
 */
export function remapPfnRange(vma: Vma, address: number, pages: readonly Page[]): number {
  const { mm } = vma
  const end = address + pages.length * mm.pageSize
  if (address % mm.pageSize !== 0) return ERRNO_RESULT.EINVAL
  // With a part of a private area, copies could not be distinguished from frames.
  const copies = (vma.flags & (VM_FLAG.SHARED | VM_FLAG.MAYWRITE)) === VM_FLAG.MAYWRITE
  if (copies && (address !== vma.start || end !== vma.end)) return ERRNO_RESULT.EINVAL
  vma.flags |= VM_FLAG.IO | VM_FLAG.PFNMAP | VM_FLAG.DONTEXPAND | VM_FLAG.DONTDUMP
  const notified = vma.file?.inode.operations?.pfnMkwrite !== undefined
  const writable = !copies && (vma.flags & VM_FLAG.WRITE) !== 0 && !notified
  for (const [index, page] of pages.entries()) {
    mm.tables.set(address / mm.pageSize + index, PTE.PRESENT | PTE.PFN | (writable ? PTE.WRITE : 0), page)
  }
  return 0
}
