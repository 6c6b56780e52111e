import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { inheritAnonVma } from './inherit-anon-vma.js'
import type { MergeRequest } from './merge-request.js'
import { unlinkVma } from './unlink-vma.js'

/**
 * `vma_merge_new_range`, `vma_expand`: tries to extend the neighbours over a free range. Returns the VMA that has it now, or `undefined`
 * where the range requires a VMA of its own.
 */
export function mergeNewRange(request: MergeRequest): Vma | undefined {
  const { mm, previous, next } = request
  if (request.special) return undefined
  const left = request.mergesLeft()
  let right = !request.justExpand && request.mergesRight(left)
  if (!left && !right) return undefined
  // can_merge_remove_vma
  if (left && right && next!.file?.inode.operations?.closeArea !== undefined) right = false
  const target = left ? previous! : next!
  const end = right ? next!.end : request.end
  target.flags |= (request.flags | (right ? next!.flags : 0)) & VM_FLAG.STICKY
  if (left && right) inheritAnonVma(target, next!)
  if (request.copiedFrom !== undefined) inheritAnonVma(target, request.copiedFrom)
  if (left) {
    if (right) unlinkVma(next!)
    mm.tree.resize(target, target.start, end)
  } else {
    target.pgoff = request.pgoff
    mm.tree.resize(target, request.start, end)
  }
  return target
}
