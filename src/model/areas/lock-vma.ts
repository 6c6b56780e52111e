import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { modifyVma } from './modify-vma.js'

/**
 * `mlock_fixup`: sets the lock flags of a range, and returns the VMA that has the range now, or an error. Memory that can't be locked is
 * skipped.
 */
export function lockVma(vma: Vma, previous: Vma | undefined, start: number, end: number, flags: number): Vma | number {
  const before = vma.flags
  if (flags === before || before & (VM_FLAG.SPECIAL | VM_FLAG.DROPPABLE)) return vma
  const changed = modifyVma(vma, previous, start, end, flags)
  if (typeof changed === 'number') return changed
  const pages = (end - start) / changed.mm.pageSize
  if (!(flags & VM_FLAG.LOCKED)) changed.mm.locked -= pages
  else if (!(before & VM_FLAG.LOCKED)) changed.mm.locked += pages
  changed.flags = flags | (changed.flags & VM_FLAG.STICKY)
  return changed
}
