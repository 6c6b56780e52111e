import type { Inode } from '../structs/inode.js'
import { PTE } from '../structs/pte.js'
import { VM_FLAG } from '../structs/vm-flag.js'

/**
 * Removes pages `[first, last)` of the page cache from every page table, so that the next touch faults. Private areas keep their entries,
 * and so does every page that is not in the cache.
 */
export function hideFilePages(inode: Inode, first: number, last: number): void {
  for (const { mm, start, end, pgoff, flags, anonVma } of inode.mappings) {
    if (!(flags & VM_FLAG.SHARED) && (flags & VM_FLAG.WRITE || anonVma !== undefined)) continue
    const base = start / mm.pageSize
    const from = Math.max(base + first - pgoff, base)
    const to = Math.min(base + last - pgoff, end / mm.pageSize)
    if (from >= to) continue
    mm.tables.visit(from, to, (number, table, index) => {
      const page = table.pages[index]
      if (!(table.bits[index]! & PTE.PRESENT) || page !== inode.pages.get(pgoff + number - base)) return
      page!.references--
      mm.filePages--
      table.pages[index] = undefined
      table.bits[index] = 0
    })
  }
}
