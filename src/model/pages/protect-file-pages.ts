import type { Inode } from '../structs/inode.js'
import { PTE } from '../structs/pte.js'
import { VM_FLAG } from '../structs/vm-flag.js'

/** `folio_mkclean`: takes the right to write from pages `[first, last)` of the page cache in every shared area, so that the next write faults. */
export function protectFilePages(inode: Inode, first: number, last: number): void {
  for (const { mm, start, end, pgoff, flags } of inode.mappings) {
    if (!(flags & VM_FLAG.SHARED)) continue
    const base = start / mm.pageSize
    const from = Math.max(base + first - pgoff, base)
    const to = Math.min(base + last - pgoff, end / mm.pageSize)
    if (from >= to) continue
    mm.tables.visit(from, to, (number, table, index) => {
      if (table.pages[index] === inode.pages.get(pgoff + number - base)) table.bits[index]! &= ~PTE.WRITE
    })
  }
}
