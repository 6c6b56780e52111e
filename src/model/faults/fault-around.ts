import { PTE } from '../structs/pte.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

/** `fault_around_bytes`, in pages of 4 KiB */
const around = 16

/** `do_fault_around`, `filemap_map_pages`: a read of a file also maps the pages beside it that the page cache has. */
export function faultAround(vma: Vma, number: number): void {
  const { mm, file, pgoff } = vma
  const { inode } = file!
  const base = vma.start / mm.pageSize
  const from = Math.max(number - (number % around), base)
  // Not past this page table, whose entries are 512.
  const to = Math.min(from + around, number - (number % 512) + 512, vma.end / mm.pageSize)
  const writable = vma.flags & VM_FLAG.SHARED ? PTE.WRITE : 0
  for (let at = from; at < to; at++) {
    if (at === number || mm.tables.bits(at) !== 0) continue
    const index = pgoff + at - base
    if (index >= inode.length) return
    const page = inode.pages.get(index)
    if (page === undefined) continue
    page.references++
    mm.filePages++
    mm.tables.set(at, PTE.PRESENT | writable, page)
  }
}
