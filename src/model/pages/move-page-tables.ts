import type { Page } from '../structs/page.js'
import { PTE } from '../structs/pte.js'
import type { Vma } from '../structs/vma.js'

/** `move_page_tables`: moves the entries of `[from, from + length)` to `to`. */
export function movePageTables(source: Vma, from: number, to: number, length: number): void {
  const { mm } = source
  const { tables, pageSize } = mm
  const moved: { page: number; bits: number; target: Page | undefined }[] = []
  tables.visit(from / pageSize, (from + length) / pageSize, (page, table, index) => {
    moved.push({ page, bits: table.bits[index]!, target: table.pages[index] })
    table.bits[index] = 0
    table.pages[index] = undefined
  })
  // The write protection of a userfaultfd without the remap event is dropped.
  const forget = source.uffd !== undefined && !source.uffd.followsMoves
  for (const { page, bits, target: mapped } of moved) {
    const kept = forget ? bits & ~PTE.UFFD_WP : bits
    if (kept !== 0) tables.set(page + (to - from) / pageSize, kept, mapped)
  }
}
