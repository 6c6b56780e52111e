import { BIT } from './bit.js'
import { FAILURE } from './failure.js'
import type { Page } from './page.js'
import { PTE } from './pte.js'
import type { Vma } from './vma.js'

/** `insert_page` behind `vm_insert_page`: maps one page of a driver's at the entry that covers `address`. Returns 0 or an error. */
export function insertPage(vma: Vma, address: number, page: Page): number {
  const { mm } = vma
  if (address < vma.start || address >= vma.end) return FAILURE.EFAULT
  // validate_page_before_insert
  if (page.references === 0 || page.orphaned || page.kind === 'anonymous') return FAILURE.EINVAL
  if (page === mm.machine.zeroPage) return FAILURE.EINVAL
  const number = Math.floor(address / mm.pageSize)
  if (mm.tables.bits(number) !== 0) return FAILURE.EBUSY
  page.references++
  mm.filePages++
  const notified = vma.file?.inode.operations?.pageMkwrite !== undefined
  const writable = (vma.flags & (BIT.SHARED | BIT.WRITE)) === (BIT.SHARED | BIT.WRITE) && !notified
  mm.tables.set(number, PTE.PRESENT | (writable ? PTE.WRITE : 0), page)
  return 0
}
