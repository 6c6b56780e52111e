import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { SEAL } from '../../vocabulary/seal.js'
import type { OpenFile } from '../structs/open-file.js'
import { unmapFilePages } from '../structs/unmap-file-pages.js'

/** ftruncate(2), `shmem_setattr`: frees the pages past the new end, private copies included. */
export function truncate({ inode, writable }: OpenFile, size: number): number {
  if (size < 0 || size >= 2 ** 63 || !writable || (inode.kind !== 'memory' && inode.kind !== 'file'))
    return ERRNO_RESULT.EINVAL
  const { seals } = inode
  if ((size < inode.size && seals & SEAL.SHRINK) || (size > inode.size && seals & SEAL.GROW)) return ERRNO_RESULT.EPERM
  const shrinks = size < inode.size
  inode.size = size
  if (!shrinks) return 0
  const { pageSize } = inode.machine
  const first = Math.ceil(size / pageSize)
  unmapFilePages(inode, first, Infinity, true)
  for (const [index, page] of inode.pages) {
    if (index < first) continue
    page.references--
    inode.pages.delete(index)
  }
  if (size % pageSize !== 0) {
    const last = inode.pages.get(first - 1)
    if (last?.touched) last.bytes.fill(0, size % pageSize)
  }
  return 0
}
