import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import type { Mm } from '../structs/mm.js'

/** `validate_range` */
export function uffdRange(mm: Mm, start: number, length: number): number {
  const { taskSize } = mm.machine
  if (start % mm.pageSize !== 0 || length % mm.pageSize !== 0 || length <= 0) return ERRNO_RESULT.EINVAL
  return start >= taskSize || length > taskSize - start ? ERRNO_RESULT.EINVAL : 0
}
