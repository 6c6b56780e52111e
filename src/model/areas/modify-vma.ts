import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import type { Uffd } from '../structs/uffd.js'
import type { Vma } from '../structs/vma.js'
import { mergeExistingRange } from './merge-existing-range.js'
import { MergeRequest } from './merge-request.js'
import { splitVma } from './split-vma.js'

/**
 * `vma_modify`: returns a VMA of exactly `[start, end)` that may get `flags` and `uffd`: merged with a neighbour that has them, or split
 * off. The caller sets the flags on the VMA that is returned, and keeps its `VM_FLAG.STICKY` ones. A negative number is an error, and an
 * earlier split stays. `uffd` is `null` for a VMA without one.
 */
export function modifyVma(
  vma: Vma,
  previous: Vma | undefined,
  start: number,
  end: number,
  flags: number,
  uffd: Uffd | null | undefined = vma.uffd,
  sealed = vma.sealed,
): Vma | number {
  const request = MergeRequest.of(vma, start, end)
  request.flags = flags
  request.uffd = uffd ?? undefined
  request.sealed = sealed
  request.previous = previous
  const merged = mergeExistingRange(request)
  if (merged !== undefined) return merged
  const { tree, machine } = vma.mm
  if (vma.start < start) {
    if (tree.size >= machine.maxMapCount) return ERRNO_RESULT.ENOMEM
    const half = splitVma(vma, start, true)
    if (typeof half === 'number') return half
  }
  if (vma.end > end) {
    if (tree.size >= machine.maxMapCount) return ERRNO_RESULT.ENOMEM
    const half = splitVma(vma, end, false)
    if (typeof half === 'number') return half
  }
  return vma
}
