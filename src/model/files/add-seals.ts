import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { SEAL } from '../../vocabulary/seal.js'
import type { OpenFile } from '../structs/open-file.js'

const all = SEAL.SEAL | SEAL.SHRINK | SEAL.GROW | SEAL.WRITE | SEAL.FUTURE_WRITE | SEAL.EXEC

/** `memfd_add_seals` */
export function addSeals({ inode, writable }: OpenFile, seals: number): number {
  if (inode.kind !== 'memory') return ERRNO_RESULT.EINVAL
  if (!writable) return ERRNO_RESULT.EPERM
  if (seals & ~all) return ERRNO_RESULT.EINVAL
  if (inode.seals & SEAL.SEAL) return ERRNO_RESULT.EPERM
  if (seals & SEAL.WRITE && !(inode.seals & SEAL.WRITE) && inode.writableMappings > 0) return ERRNO_RESULT.EBUSY
  inode.seals |= seals
  // Sealing an executable file with F_SEAL_EXEC also seals it against every change.
  if (seals & SEAL.EXEC) inode.seals |= SEAL.SHRINK | SEAL.GROW | SEAL.WRITE | SEAL.FUTURE_WRITE
  return 0
}
