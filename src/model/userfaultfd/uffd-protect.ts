import { PTE } from '../structs/pte.js'
import type { Vma } from '../structs/vma.js'

/** `uffd_wp_range`: write-protects present pages and leaves markers for missing ones, or lifts the protection. */
export function uffdProtect(vma: Vma, start: number, end: number, protect: boolean): void {
  const { mm } = vma
  const first = start / mm.pageSize
  const last = end / mm.pageSize
  if (!protect) {
    mm.tables.visit(first, last, (_page, table, index) => {
      const bits = table.bits[index]!
      // change_pte_range leaves a guard and poison as they are, with their marks.
      if (!(bits & (PTE.GUARD | PTE.POISON))) table.bits[index] = bits & ~PTE.UFFD_WP
    })
    return
  }
  // userfaultfd_wp_use_markers
  const marks = vma.file !== undefined || vma.uffd!.has('WP_UNPOPULATED')
  if (!marks) {
    mm.tables.visit(first, last, (_page, table, index) => {
      const bits = table.bits[index]!
      if (bits & PTE.PRESENT) table.bits[index] = (bits | PTE.UFFD_WP) & ~PTE.WRITE
    })
    return
  }
  for (let page = first; page < last; page++) {
    const bits = mm.tables.bits(page)
    if (bits & PTE.PRESENT) mm.tables.setBits(page, (bits | PTE.UFFD_WP) & ~PTE.WRITE)
    else if (bits === 0) mm.tables.set(page, PTE.UFFD_WP, undefined)
  }
}
