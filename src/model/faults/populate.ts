import type { Mm } from '../structs/mm.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import { populateVma } from './populate-vma.js'

/**
 * `__mm_populate`: faults the pages of `[start, end)` in. Returns the error of the first failure, unless errors are ignored: then it
 * continues with the next VMA.
 */
export function populate(mm: Mm, start: number, end: number, ignoreErrors: boolean): number {
  for (let at = start; at < end; ) {
    const vma = mm.tree.intersection(at, end)
    if (vma === undefined) return 0
    const to = Math.min(end, vma.end)
    if (!(vma.flags & (VM_FLAG.IO | VM_FLAG.PFNMAP))) {
      const error = populateVma(vma, Math.max(at, vma.start), to)
      if (error !== 0 && !ignoreErrors) return error
    }
    at = to
  }
  return 0
}
