import { SEAL } from '../vocabulary/seal.js'
import { FAILURE } from './failure.js'
import type { OpenFile } from './open-file.js'

const all = SEAL.SEAL | SEAL.SHRINK | SEAL.GROW | SEAL.WRITE | SEAL.FUTURE_WRITE | SEAL.EXEC

/** `memfd_add_seals` */
export function addSeals({ inode, writable }: OpenFile, seals: number): number {
  if (inode.kind !== 'memory') return FAILURE.EINVAL
  if (!writable) return FAILURE.EPERM
  if (seals & ~all) return FAILURE.EINVAL
  if (inode.seals & SEAL.SEAL) return FAILURE.EPERM
  if (seals & SEAL.WRITE && !(inode.seals & SEAL.WRITE) && inode.writableMappings > 0) return FAILURE.EBUSY
  inode.seals |= seals
  // A file that may be executed is sealed against being changed altogether.
  if (seals & SEAL.EXEC) inode.seals |= SEAL.SHRINK | SEAL.GROW | SEAL.WRITE | SEAL.FUTURE_WRITE
  return 0
}
