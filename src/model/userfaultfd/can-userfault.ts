import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

/** `vma_can_userfault` */
export function canUserfault(vma: Vma, bits: number, async: boolean): boolean {
  const modes = bits & VM_FLAG.UFFD
  const sharedMemory = vma.file !== undefined && vma.file.inode.operations === undefined
  if (vma.flags & VM_FLAG.DROPPABLE && vma.file === undefined) return false
  if (modes & VM_FLAG.UFFD_MINOR && !sharedMemory) return false
  if (async && modes === VM_FLAG.UFFD_WP) return true
  return vma.file === undefined || sharedMemory
}
