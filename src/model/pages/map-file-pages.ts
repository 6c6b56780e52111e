import type { Page } from '../structs/page.js'
import { PTE } from '../structs/pte.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

/**
 * `filemap_map_pages`: maps the pages of `[from, to)` that lie in the area, where nothing is mapped and `pageOf` returns a page of the
 * file. Where the driver hears of writes, the entries are read-only, so that the first write faults again.
 */
export function mapFilePages(vma: Vma, from: number, to: number, pageOf: (index: number) => Page | undefined): void {
  const { mm, file, pgoff } = vma
  const base = vma.start / mm.pageSize
  const writable = vma.flags & VM_FLAG.SHARED && !file!.inode.notesWrites ? PTE.PRESENT | PTE.WRITE : PTE.PRESENT
  for (let at = Math.max(from, base); at < Math.min(to, vma.end / mm.pageSize); at++) {
    if (mm.tables.bits(at) !== 0) continue
    const page = pageOf(pgoff + at - base)
    if (page === undefined) continue
    page.references++
    mm.filePages++
    mm.tables.set(at, writable, page)
  }
}
