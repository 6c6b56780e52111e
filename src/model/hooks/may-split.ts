import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { Vma } from '../structs/vma.js'
import { ModelArea } from './model-area.js'

/** `vm_ops->may_split`: 0, or the driver's error that refuses to split its area at `address`. */
export function maySplit(vma: Vma, address: number): number {
  const operations = vma.file?.inode.operations
  if (operations?.maySplit === undefined) return 0
  vma.mm.hooks++
  try {
    operations.maySplit(ModelArea.of(vma), BigInt(address))
    return 0
  } catch (error) {
    return error instanceof VmError ? error.errno : ERRNO_RESULT.EIO
  } finally {
    vma.mm.hooks--
  }
}
