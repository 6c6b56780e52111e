import { hookError } from '../kernel/hook-error.js'
import { ModelArea } from './model-area.js'
import type { Vma } from './vma.js'
import { zap } from './zap.js'

/**
 * Calls a device's `mmap` hook over a VMA that nobody can reach yet: `__mmap_new_file_vma`. Returns 0 or an error; what the hook had
 * mapped is taken away then, and `mm.hookError` is what the program is told.
 */
export function callMmapHook(vma: Vma): number {
  const { mm } = vma
  const area = ModelArea.of(vma)
  area.hookRunning = true
  mm.hooks++
  try {
    vma.file!.inode.operations!.mmap!(area)
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
