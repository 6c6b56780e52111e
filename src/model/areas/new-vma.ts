import type { Mm } from '../structs/mm.js'
import type { OpenFile } from '../structs/open-file.js'
import { Vma } from '../structs/vma.js'

/**
 * `vm_area_alloc`: a VMA that is in no tree yet. Like the kernel's slab, it reuses the VMA that was freed last: that one is in the cache,
 * and a loop that maps and unmaps makes no garbage.
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
  if (vma === undefined) {
    const made = new Vma(mm, start, end, pgoff, flags)
    made.file = file
    return made
  }
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
