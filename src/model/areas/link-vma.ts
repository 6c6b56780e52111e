import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

/** `vma_link`: puts a VMA into its address space and its file's list. The caller must have taken a reference to the file. */
export function linkVma(vma: Vma): void {
  vma.mm.tree.insert(vma)
  const inode = vma.file?.inode
  if (inode === undefined) return
  inode.mappings.add(vma)
  if ((vma.flags & (VM_FLAG.SHARED | VM_FLAG.MAYWRITE)) === (VM_FLAG.SHARED | VM_FLAG.MAYWRITE))
    inode.writableMappings++
}
