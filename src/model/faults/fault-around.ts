import { mapFilePages } from '../pages/map-file-pages.js'
import type { Vma } from '../structs/vma.js'

/** `fault_around_bytes`, in pages of 4 KiB */
const around = 16

/** `do_fault_around`, `filemap_map_pages`: a read of a file also maps the pages beside it that the page cache has. */
export function faultAround(vma: Vma, number: number): void {
  const { mm, file } = vma
  const { inode } = file!
  const base = vma.start / mm.pageSize
  const from = Math.max(number - (number % around), base)
  // Stay within this page table of 512 entries.
  const to = Math.min(from + around, number - (number % 512) + 512, vma.end / mm.pageSize)
  const pageOf = (index: number) => (index < inode.length ? inode.pages.get(index) : undefined)
  mapFilePages(vma, from, number, pageOf)
  mapFilePages(vma, number + 1, to, pageOf)
}
