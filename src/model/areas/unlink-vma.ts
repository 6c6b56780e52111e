import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

/** Takes a VMA out of its address space and its file's list, and gives its reference to the file back. */
export function unlinkVma(vma: Vma): void {
  const { mm } = vma
  mm.tree.remove(vma)
  // What nobody outside has seen may be given out again.
  if (vma.area === undefined) mm.spareVma = vma
  const { file } = vma
  if (file === undefined) return
  file.inode.mappings.delete(vma)
  if ((vma.flags & (VM_FLAG.SHARED | VM_FLAG.MAYWRITE)) === (VM_FLAG.SHARED | VM_FLAG.MAYWRITE))
    file.inode.writableMappings--
  file.put()
}
