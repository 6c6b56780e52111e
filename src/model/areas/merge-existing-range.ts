import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { inheritAnonVma } from './inherit-anon-vma.js'
import type { MergeRequest } from './merge-request.js'
import { unlinkVma } from './unlink-vma.js'

/**
 * `vma_merge_existing_range`: tries to merge a part of `middle`, whose attributes are about to change, with the neighbours that have the
 * new ones. Returns the VMA that has it now, or `undefined` where nothing was merged.
 */
export function mergeExistingRange(request: MergeRequest): Vma | undefined {
  const { mm, start, end, previous } = request
  const middle = request.middle!
  const leftSide = start === middle.start
  const rightSide = end === middle.end
  if (request.special || (!leftSide && !rightSide)) return undefined
  const left = leftSide && request.mergesLeft()
  let right = false
  if (rightSide) {
    request.next = mm.tree.next(middle)
    right = request.mergesRight(left)
  }
  if (!left && !right) return undefined
  const whole = leftSide && rightSide
  // can_merge_remove_vma
  if (whole && middle.file?.inode.operations?.closeArea !== undefined) return undefined
  if (left && right && request.next!.file?.inode.operations?.closeArea !== undefined) right = false
  const target = left ? previous! : request.next!
  target.flags |= (request.flags | (right ? request.next!.flags : 0)) & VM_FLAG.STICKY
  const { next } = request
  if (left && right) {
    inheritAnonVma(previous!, next!.anonVma === undefined ? middle : next!)
    const to = next!.end
    unlinkVma(middle)
    unlinkVma(next!)
    mm.tree.resize(previous!, previous!.start, to)
    return previous
  }
  if (left) {
    inheritAnonVma(previous!, middle)
    if (whole) {
      unlinkVma(middle)
    } else {
      middle.pgoff += (end - middle.start) / mm.pageSize
      mm.tree.resize(middle, end, middle.end)
    }
    mm.tree.resize(previous!, previous!.start, end)
    return previous
  }
  inheritAnonVma(next!, middle)
  if (whole) unlinkVma(middle)
  else mm.tree.resize(middle, middle.start, start)
  next!.pgoff -= (end - start) / mm.pageSize
  mm.tree.resize(next!, start, next!.end)
  return next
}
