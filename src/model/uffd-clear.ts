import { BIT } from './bit.js'
import { modifyVma } from './modify-vma.js'
import { uffdProtect } from './uffd-protect.js'
import type { Vma } from './vma.js'

/** `userfaultfd_clear_vma`: a range is nobody's any more. Returns the VMA that has it now, or an error. */
export function uffdClear(vma: Vma, previous: Vma | undefined, start: number, end: number): Vma | number {
  if (vma.flags & BIT.UFFD_WP) uffdProtect(vma, start, end, false)
  const flags = vma.flags & ~BIT.UFFD
  const changed = modifyVma(vma, previous, start, end, flags, null)
  if (typeof changed === 'number') return changed
  changed.flags = flags | (changed.flags & BIT.STICKY)
  changed.uffd = undefined
  return changed
}
