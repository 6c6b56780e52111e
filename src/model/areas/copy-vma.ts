import { tellDriver } from '../hooks/tell-driver.js'
import type { Vma } from '../structs/vma.js'
import { linkVma } from './link-vma.js'
import { mergeNewRange } from './merge-new-range.js'
import { MergeRequest } from './merge-request.js'
import { newVma } from './new-vma.js'

/**
 * `copy_vma`: makes a VMA at `[to, to + length)` like `source` at `from`, and merges it with its neighbours where possible. The source
 * itself may have been merged with the copy: `source` is what has its range then.
 */
export function copyVma(source: Vma, from: number, to: number, length: number): { source: Vma; target: Vma } {
  const { mm, start } = source
  const request = MergeRequest.of(source, to, to + length)
  // Memory that was never written is not tied to its old address, so that it may merge at the new one.
  request.pgoff =
    source.file === undefined && source.anonVma === undefined
      ? to / mm.pageSize
      : source.pgoff + (from - source.start) / mm.pageSize
  request.middle = undefined
  request.copiedFrom = source
  request.next = mm.tree.find(to)
  request.previous = mm.tree.before(to)
  const merged = mergeNewRange(request)
  if (merged !== undefined) {
    const both = start >= merged.start && start < merged.end
    return { source: both ? merged : source, target: merged }
  }
  const copy = newVma(mm, to, to + length, request.pgoff, source.flags, source.file?.get())
  copy.anonVma = source.anonVma
  copy.chain = source.chain
  copy.uffd = source.uffd
  linkVma(copy)
  tellDriver(copy, 'openArea')
  return { source, target: copy }
}
