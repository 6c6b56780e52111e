import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { SEAL } from '../../vocabulary/seal.js'
import type { OpenFile } from '../structs/open-file.js'

/** pwrite(2): returns the bytes written or an error. */
export function writeFile({ inode, writable }: OpenFile, offset: number, bytes: Uint8Array): number {
  if (offset >= 2 ** 63) return ERRNO_RESULT.EINVAL
  if (!writable) return ERRNO_RESULT.EBADF
  if (inode.kind !== 'memory' && inode.kind !== 'file') return ERRNO_RESULT.EINVAL
  if (inode.seals & (SEAL.WRITE | SEAL.FUTURE_WRITE)) return ERRNO_RESULT.EPERM
  if (inode.seals & SEAL.GROW && offset + bytes.length > inode.size) return ERRNO_RESULT.EPERM
  const { pageSize } = inode.machine
  for (let done = 0; done < bytes.length; ) {
    const at = (offset + done) % pageSize
    const length = Math.min(pageSize - at, bytes.length - done)
    inode.page(Math.floor((offset + done) / pageSize)).bytes.set(bytes.subarray(done, done + length), at)
    done += length
  }
  inode.size = Math.max(inode.size, offset + bytes.length)
  return bytes.length
}
