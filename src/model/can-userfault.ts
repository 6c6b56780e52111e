import { BIT } from './bit.js'
import type { Vma } from './vma.js'

/** `vma_can_userfault` */
export function canUserfault(vma: Vma, bits: number, async: boolean): boolean {
  const modes = bits & BIT.UFFD
  const sharedMemory = vma.file !== undefined && vma.file.inode.operations === undefined
  if (vma.flags & BIT.DROPPABLE && vma.file === undefined) return false
  if (modes & BIT.UFFD_MINOR && !sharedMemory) return false
  if (async && modes === BIT.UFFD_WP) return true
  return vma.file === undefined || sharedMemory
}
