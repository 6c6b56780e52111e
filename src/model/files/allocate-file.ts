import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { SEAL } from '../../vocabulary/seal.js'
import type { OpenFile } from '../structs/open-file.js'

/** fallocate(2) without a mode, `shmem_fallocate`: the range has its pages, and the file is at least so long. */
export function allocateFile({ inode, writable }: OpenFile, offset: number, length: number): number {
  if (offset < 0 || length <= 0 || offset + length >= 2 ** 63) return ERRNO_RESULT.EINVAL
  if (!writable) return ERRNO_RESULT.EBADF
  if (inode.kind !== 'memory' && inode.kind !== 'file') return ERRNO_RESULT.ENODEV
  const end = offset + length
  if (inode.seals & SEAL.GROW && end > inode.size) return ERRNO_RESULT.EPERM
  const { pageSize, memoryPages } = inode.machine
  const first = Math.floor(offset / pageSize)
  const last = Math.ceil(end / pageSize)
  if (last - first > memoryPages) return ERRNO_RESULT.ENOSPC
  for (let index = first; index < last; index++) inode.page(index)
  inode.size = Math.max(inode.size, end)
  return 0
}
