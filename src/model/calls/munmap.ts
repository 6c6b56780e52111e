import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { UnmapPlan } from '../areas/unmap-plan.js'
import type { Mm } from '../structs/mm.js'

/** `do_vmi_munmap`. With `later`, the events for userfaultfds are added to it instead of being sent. */
export function munmap(mm: Mm, start: number, length: number, later?: (() => void)[]): number {
  const { taskSize } = mm.machine
  if (start % mm.pageSize !== 0 || start > taskSize || length > taskSize - start) return ERRNO_RESULT.EINVAL
  const end = start + mm.roundUp(length)
  if (end === start) return ERRNO_RESULT.EINVAL
  const first = mm.tree.intersection(start, end)
  if (first === undefined) return 0
  const plan = new UnmapPlan(mm, start, end, later)
  const error = plan.gather(first)
  if (error !== 0) return error
  plan.complete()
  return 0
}
