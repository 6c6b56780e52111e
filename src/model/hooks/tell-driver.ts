import { hookError } from '../../kernel/errors/hook-error.js'
import type { Vma } from '../structs/vma.js'
import { ModelArea } from './model-area.js'

/**
 * `vm_ops->open`, `vm_ops->close`: calls a driver's hook for an area that was made or is being removed. The hook can't prevent it: the
 * call in which it ran throws its error (`mm.hookError`) at the end.
 */
export function tellDriver(vma: Vma, hook: 'openArea' | 'closeArea'): void {
  const operations = vma.file?.inode.operations
  if (operations?.[hook] === undefined) return
  const { mm } = vma
  mm.hooks++
  try {
    operations[hook](ModelArea.of(vma))
  } catch (error) {
    mm.hookError ??= hookError(error, hook)
  } finally {
    mm.hooks--
  }
}
