import { anonVmaPrepare } from '../areas/anon-vma-prepare.js'
import { driverFault } from '../hooks/driver-fault.js'
import { driverMkwrite } from '../hooks/driver-mkwrite.js'
import { FAULT_RESULT } from '../structs/fault-result.js'
import { Page } from '../structs/page.js'
import type { PageTable } from '../structs/page-tables.js'
import { PTE } from '../structs/pte.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { faultAround } from './fault-around.js'

/** `handle_mm_fault`: makes the page at `address` present, and writable with `write`. The caller has checked the VMA's permission. */
export function faultIn(vma: Vma, address: number, write: boolean): number {
  const { mm } = vma
  const number = Math.floor(address / mm.pageSize)
  const table = mm.tables.table(number)
  const index = number % 512
  const bits = table.bits[index]!
  if (bits & PTE.PRESENT)
    return write && !(bits & PTE.WRITE) ? writeFault(vma, number, table, index) : FAULT_RESULT.DONE
  if (bits & PTE.POISON) return FAULT_RESULT.POISONED
  if (bits & PTE.GUARD) return FAULT_RESULT.NOT_MAPPED
  // pte_marker_handle_uffd_wp: removes a marker that is left over from another registration.
  if (bits & PTE.UFFD_WP && !(vma.flags & VM_FLAG.UFFD_WP)) table.bits[index] = 0
  return vma.file === undefined
    ? anonymousFault(vma, number, table, index, write)
    : fileFault(vma, number, table, index, write)
}

/** `do_anonymous_page` */
function anonymousFault(vma: Vma, number: number, table: PageTable, index: number, write: boolean): number {
  const { mm } = vma
  if (write) anonVmaPrepare(vma)
  if (vma.flags & VM_FLAG.UFFD_MISSING) return vma.uffd!.missing(vma, number, write)
  const protectedAgain = table.bits[index]! & PTE.UFFD_WP
  if (!write) {
    table.pages[index] = mm.machine.zeroPage
    table.bits[index] = PTE.PRESENT | PTE.ZERO | protectedAgain
    return FAULT_RESULT.DONE
  }
  table.pages[index] = new Page('anonymous', mm.pageSize, 1)
  mm.anonymousPages++
  table.bits[index] = PTE.PRESENT | PTE.WRITE | PTE.EXCLUSIVE
  return protectedAgain && vma.flags & VM_FLAG.UFFD_WP ? reprotect(vma, number, table, index, true) : FAULT_RESULT.DONE
}

/** `do_fault`: `do_read_fault`, `do_cow_fault`, `do_shared_fault` */
function fileFault(vma: Vma, number: number, table: PageTable, index: number, write: boolean): number {
  const { mm } = vma
  const file = vma.file!
  const { inode } = file
  const shared = (vma.flags & VM_FLAG.SHARED) !== 0
  const copies = write && !shared
  if (copies) anonVmaPrepare(vma)
  if (inode.operations !== undefined) {
    const result = driverFault(vma, number, write)
    // The page is mapped. Retry a write, as the processor does: it may require a copy, or the driver's permission.
    return result === FAULT_RESULT.DONE ? faultIn(vma, number * mm.pageSize, write) : result
  }
  if (!write && !(vma.flags & (VM_FLAG.UFFD_WP | VM_FLAG.UFFD_MINOR))) faultAround(vma, number)
  const pgoff = vma.pgoff + number - vma.start / mm.pageSize
  if (pgoff >= inode.length) return FAULT_RESULT.NO_PAGE
  const cached = inode.pages.get(pgoff)
  if (cached === undefined && vma.flags & VM_FLAG.UFFD_MISSING) return vma.uffd!.missing(vma, number, write)
  if (cached !== undefined && vma.flags & VM_FLAG.UFFD_MINOR) return vma.uffd!.minor(vma, number, write)
  const page = cached ?? inode.page(pgoff)
  const protectedAgain = table.bits[index]! & PTE.UFFD_WP
  if (copies) {
    const copy = new Page('anonymous', mm.pageSize, 1)
    copy.copyFrom(page)
    table.pages[index] = copy
    mm.anonymousPages++
    table.bits[index] = PTE.PRESENT | PTE.WRITE | PTE.EXCLUSIVE
  } else {
    page.references++
    table.pages[index] = page
    mm.filePages++
    table.bits[index] = PTE.PRESENT | (shared ? PTE.WRITE : 0)
  }
  if (!protectedAgain || !(vma.flags & VM_FLAG.UFFD_WP)) return FAULT_RESULT.DONE
  return reprotect(vma, number, table, index, write)
}

/** A page that is put over a write-protection marker is protected, and the write that faulted it in faults again. */
function reprotect(vma: Vma, number: number, table: PageTable, index: number, write: boolean): number {
  table.bits[index] = (table.bits[index]! | PTE.UFFD_WP) & ~PTE.WRITE
  return write ? writeFault(vma, number, table, index) : FAULT_RESULT.DONE
}

/** `do_wp_page`: a write to a page that is present and not writable. */
function writeFault(vma: Vma, number: number, table: PageTable, index: number): number {
  const { mm } = vma
  const bits = table.bits[index]!
  if (bits & PTE.UFFD_WP && vma.flags & VM_FLAG.UFFD_WP) {
    if (!vma.uffd!.has('WP_ASYNC')) return vma.uffd!.writeProtected(vma, number)
    // The kernel lifts the protection by itself; the entry without the marker records the write.
    table.bits[index] = bits & ~PTE.UFFD_WP
    return writeFault(vma, number, table, index)
  }
  const page = table.pages[index]!
  if (vma.flags & VM_FLAG.SHARED) {
    const refused = driverMkwrite(vma, number, page, (bits & PTE.PFN) !== 0)
    if (refused !== FAULT_RESULT.DONE) return refused
    table.bits[index] = bits | PTE.WRITE
    return FAULT_RESULT.DONE
  }
  if (page.kind === 'anonymous' && page.references === 1) {
    table.bits[index] = bits | PTE.WRITE | PTE.EXCLUSIVE
    return FAULT_RESULT.DONE
  }
  // wp_page_copy
  anonVmaPrepare(vma)
  const copy = new Page('anonymous', mm.pageSize, 1)
  copy.copyFrom(page)
  if (!(bits & PTE.UNCOUNTED)) {
    page.references--
    if (page.kind === 'anonymous') mm.anonymousPages--
    else mm.filePages--
  }
  table.pages[index] = copy
  mm.anonymousPages++
  table.bits[index] = PTE.PRESENT | PTE.WRITE | PTE.EXCLUSIVE
  return FAULT_RESULT.DONE
}
