import { BIT } from './bit.js'
import { FAILURE } from './failure.js'
import type { Page } from './page.js'
import { PTE } from './pte.js'
import type { Vma } from './vma.js'

/**
 * `remap_pfn_range`: maps pages of which the kernel keeps no account from `address` on, read-only where `pfn_mkwrite` or a copy is to
 * see the first write. Returns 0 or an error.
 */
export function remapPfnRange(vma: Vma, address: number, pages: readonly Page[]): number {
  const { mm } = vma
  const end = address + pages.length * mm.pageSize
  if (address % mm.pageSize !== 0) return FAILURE.EINVAL
  // A private copy of a part could not be told from the rest.
  const copies = (vma.flags & (BIT.SHARED | BIT.MAYWRITE)) === BIT.MAYWRITE
  if (copies && (address !== vma.start || end !== vma.end)) return FAILURE.EINVAL
  vma.flags |= BIT.IO | BIT.PFNMAP | BIT.DONTEXPAND | BIT.DONTDUMP
  const notified = vma.file?.inode.operations?.pfnMkwrite !== undefined
  const writable = !copies && (vma.flags & BIT.WRITE) !== 0 && !notified
  for (const [index, page] of pages.entries()) {
    mm.tables.set(address / mm.pageSize + index, PTE.PRESENT | PTE.PFN | (writable ? PTE.WRITE : 0), page)
  }
  return 0
}
