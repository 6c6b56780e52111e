import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import type { Page } from '../structs/page.js'
import { PTE } from '../structs/pte.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

/** `insert_page` behind `vm_insert_page`: maps one page of a driver at the entry that covers `address`. Returns 0 or an error. */
export function insertPage(vma: Vma, address: number, page: Page): number {
  const { mm } = vma
  if (address < vma.start || address >= vma.end) return ERRNO_RESULT.EFAULT
  // validate_page_before_insert
  if (page.references === 0 || page.orphaned || page.kind === 'anonymous') return ERRNO_RESULT.EINVAL
  if (page === mm.machine.zeroPage) return ERRNO_RESULT.EINVAL
  const number = Math.floor(address / mm.pageSize)
  if (mm.tables.bits(number) !== 0) return ERRNO_RESULT.EBUSY
  page.references++
  mm.filePages++
  const notified = vma.file?.inode.notesWrites === true
  const writable = (vma.flags & (VM_FLAG.SHARED | VM_FLAG.WRITE)) === (VM_FLAG.SHARED | VM_FLAG.WRITE) && !notified
  mm.tables.set(number, PTE.PRESENT | (writable ? PTE.WRITE : 0), page)
  return 0
}
