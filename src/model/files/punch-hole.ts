import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { SEAL } from '../../vocabulary/seal.js'
import type { OpenFile } from '../structs/open-file.js'
import { unmapFilePages } from '../structs/unmap-file-pages.js'

/** fallocate(2) with `PUNCH_HOLE | KEEP_SIZE` on whole pages: `shmem_fallocate`. */
export function punchHole(file: OpenFile, first: number, last: number): number {
  const { inode } = file
  if (!file.writable) return ERRNO_RESULT.EBADF
  if (inode.kind === 'device') return ERRNO_RESULT.ENODEV
  if (inode.seals & (SEAL.WRITE | SEAL.FUTURE_WRITE)) return ERRNO_RESULT.EPERM
  unmapFilePages(inode, first, last, false)
  for (const [index, page] of inode.pages) {
    if (index < first || index >= last) continue
    page.references--
    inode.pages.delete(index)
  }
  return 0
}
