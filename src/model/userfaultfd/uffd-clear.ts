import { modifyVma } from '../areas/modify-vma.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { uffdProtect } from './uffd-protect.js'

/** `userfaultfd_clear_vma`: unregisters a range. Returns the VMA that has it now, or an error. */
export function uffdClear(vma: Vma, previous: Vma | undefined, start: number, end: number): Vma | number {
  if (vma.flags & VM_FLAG.UFFD_WP) uffdProtect(vma, start, end, false)
  const flags = vma.flags & ~VM_FLAG.UFFD
  const changed = modifyVma(vma, previous, start, end, flags, null)
  if (typeof changed === 'number') return changed
  changed.flags = flags | (changed.flags & VM_FLAG.STICKY)
  changed.uffd = undefined
  return changed
}
