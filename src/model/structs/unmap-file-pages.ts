import type { Inode } from './inode.js'
import { PTE } from './pte.js'
import { VM_FLAG } from './vm-flag.js'

/**
 * `unmap_mapping_range`: removes pages `[first, last)` of a file from every page table; private copies of them only with `copies`.
 */
export function unmapFilePages(inode: Inode, first: number, last: number, copies: boolean): void {
  for (const { mm, start, end, pgoff, flags } of inode.mappings) {
    const base = start / mm.pageSize
    const from = Math.max(base + first - pgoff, base)
    const to = Math.min(base + last - pgoff, end / mm.pageSize)
    if (from >= to) continue
    mm.tables.visit(from, to, (_page, table, index) => {
      const bits = table.bits[index]!
      if (!(bits & PTE.PRESENT)) {
        if (copies && bits & PTE.POISON) table.bits[index] = 0
        return
      }
      const page = table.pages[index]!
      if (bits & PTE.UNCOUNTED) {
        table.pages[index] = undefined
        table.bits[index] = 0
        return
      }
      if (page.kind === 'anonymous') {
        if (!copies) return
        mm.anonymousPages--
      } else {
        mm.filePages--
      }
      page.references--
      table.pages[index] = undefined
      table.bits[index] = flags & VM_FLAG.UFFD_WP && bits & PTE.UFFD_WP ? PTE.UFFD_WP : 0
    })
  }
}
