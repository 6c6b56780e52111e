import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

/** Removes a VMA from its address space and its file's list, and drops its reference to the file. */
export function unlinkVma(vma: Vma): void {
  const { mm } = vma
  mm.tree.remove(vma)
  // Reuse a VMA only if it was never handed out of the model.
  if (vma.area === undefined) mm.spareVma = vma
  const { file } = vma
  if (file === undefined) return
  file.inode.mappings.delete(vma)
  if ((vma.flags & (VM_FLAG.SHARED | VM_FLAG.MAYWRITE)) === (VM_FLAG.SHARED | VM_FLAG.MAYWRITE))
    file.inode.writableMappings--
  file.put()
}
