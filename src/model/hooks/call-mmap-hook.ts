import { hookError } from '../../kernel/errors/hook-error.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { zap } from '../pages/zap.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { ModelArea } from './model-area.js'

/**
 * Calls a device's `mmap` hook over a VMA that can't be reached yet: `__mmap_new_file_vma`. Returns 0 or an error; what the hook had
 * mapped is unmapped then, and `mm.hookError` is the error of the program's call.
 */
export function callMmapHook(vma: Vma): number {
  const { mm } = vma
  const area = ModelArea.of(vma)
  area.hookRunning = true
  const mayWrite = vma.flags & VM_FLAG.MAYWRITE
  mm.hooks++
  try {
    vma.file!.inode.operations!.mmap!(area)
    if (!mayWrite && vma.flags & VM_FLAG.MAYWRITE) {
      throw new UsageError(
        'ERR_VMAREA_KERNEL_BUG',
        'an mmap hook must not permit writing where mmap has forbidden it: the kernel would warn here',
      )
    }
    return 0
  } catch (error) {
    zap(mm, vma.start, vma.end, 'drop')
    area.gone = true
    mm.hookError = hookError(error, 'mmap')
    return mm.hookError.errno
  } finally {
    area.hookRunning = false
    mm.hooks--
  }
}
