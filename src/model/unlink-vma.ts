import { BIT } from './bit.js'
import type { Vma } from './vma.js'

/** Takes a VMA out of its address space and its file's list, and gives its reference to the file back. */
export function unlinkVma(vma: Vma): void {
  const { mm } = vma
  mm.tree.remove(vma)
  // What nobody outside has seen may be given out again.
  if (vma.area === undefined) mm.spareVma = vma
  const { file } = vma
  if (file === undefined) return
  file.inode.mappings.delete(vma)
  if ((vma.flags & (BIT.SHARED | BIT.MAYWRITE)) === (BIT.SHARED | BIT.MAYWRITE)) file.inode.writableMappings--
  file.put()
}
