import { hookError } from '../../kernel/hook-error.js'
import type { Vma } from '../structs/vma.js'
import { ModelArea } from './model-area.js'

/**
 * `vm_ops->open`, `vm_ops->close`: tells a driver that an area of its has come to be or goes. It has no say in that: what it throws is
 * told by the call that it happened in (`mm.hookError`), once that is done.
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
