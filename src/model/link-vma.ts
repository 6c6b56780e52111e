import { BIT } from './bit.js'
import type { Vma } from './vma.js'

/** `vma_link`: puts a VMA into its address space and its file's list. The reference to the file is the caller's to have taken. */
export function linkVma(vma: Vma): void {
  vma.mm.tree.insert(vma)
  const inode = vma.file?.inode
  if (inode === undefined) return
  inode.mappings.add(vma)
  if ((vma.flags & (BIT.SHARED | BIT.MAYWRITE)) === (BIT.SHARED | BIT.MAYWRITE)) inode.writableMappings++
}
