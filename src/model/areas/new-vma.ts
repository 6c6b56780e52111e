import type { Mm } from '../structs/mm.js'
import type { OpenFile } from '../structs/open-file.js'
import { Vma } from '../structs/vma.js'

/**
 * `vm_area_alloc`: a VMA that is in no tree yet. As the kernel's slab does, it gives out again what was given back last: that is in the
 * cache, and unmapping and mapping leave nothing for the garbage collector to carry.
 */
export function newVma(
  mm: Mm,
  start: number,
  end: number,
  pgoff: number,
  flags: number,
  file: OpenFile | undefined,
): Vma {
  const vma = mm.spareVma
  if (vma === undefined) return new Vma(mm, start, end, pgoff, flags, file)
  mm.spareVma = undefined
  vma.start = start
  vma.end = end
  vma.pgoff = pgoff
  vma.flags = flags
  vma.file = file
  vma.anonVma = undefined
  vma.chain = 0
  vma.uffd = undefined
  vma.sealed = false
  return vma
}
