import { AnonVma } from '../structs/anon-vma.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

/**
 * `__anon_vma_prepare`, `find_mergeable_anon_vma`: gives a VMA an `anon_vma` before its first private page. It reuses that of a neighbour
 * which a later mprotect(2) could make equal, so that the two can merge then.
 */
export function anonVmaPrepare(vma: Vma): void {
  if (vma.anonVma !== undefined) return
  const { tree } = vma.mm
  const next = tree.next(vma)
  if (next !== undefined && reusable(next, vma, next)) {
    vma.anonVma = next.anonVma
  } else {
    const previous = tree.previous(vma)
    if (previous !== undefined && reusable(previous, previous, vma)) vma.anonVma = previous.anonVma
  }
  vma.anonVma ??= new AnonVma()
  vma.chain = 1
}

/** `reusable_anon_vma`, `anon_vma_compatible`: `a` and `b` in order of address, one of them `owner`. */
function reusable(owner: Vma, a: Vma, b: Vma): boolean {
  return (
    owner.anonVma !== undefined &&
    owner.chain === 1 &&
    a.end === b.start &&
    a.file === b.file &&
    ((a.flags ^ b.flags) & ~(VM_FLAG.ACCESS | VM_FLAG.STICKY)) === 0 &&
    a.sealed === b.sealed &&
    b.pgoff === a.pgoff + (b.start - a.start) / a.mm.pageSize
  )
}
