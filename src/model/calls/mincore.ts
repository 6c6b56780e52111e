import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import type { Mm } from '../structs/mm.js'
import { PTE } from '../structs/pte.js'
import { VM_FLAG } from '../structs/vm-flag.js'

/** mincore(2): writes a byte a page to `vector`. A hole is an error; the bytes before it are written. */
export function mincore(mm: Mm, address: number, length: number, vector: Uint8Array): number {
  const { pageSize, tree, tables } = mm
  if (address % pageSize !== 0) return ERRNO_RESULT.EINVAL
  if (address + length > mm.machine.taskSize) return ERRNO_RESULT.ENOMEM
  const pages = Math.ceil(length / pageSize)
  if (vector.length < pages) return ERRNO_RESULT.EFAULT
  const first = address / pageSize
  let vma: ReturnType<typeof tree.lookup>
  for (let at = 0; at < pages; at++) {
    const number = first + at
    if (vma === undefined || number * pageSize >= vma.end) vma = tree.lookup(number * pageSize)
    if (vma === undefined) return ERRNO_RESULT.ENOMEM
    // walk_page_test: the walk skips the entries of such an area.
    if (tables.bits(number) & PTE.PRESENT && !(vma.flags & VM_FLAG.PFNMAP)) {
      vector[at] = 1
      continue
    }
    // __mincore_unmapped_range: a page without an entry may be in the page cache.
    const pgoff = vma.pgoff + number - vma.start / pageSize
    vector[at] = vma.file?.inode.pages.has(pgoff) ? 1 : 0
  }
  return 0
}
