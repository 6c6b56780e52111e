import { FAILURE } from './failure.js'
import type { Mm } from './mm.js'

/** `validate_range` */
export function uffdRange(mm: Mm, start: number, length: number): number {
  const { taskSize, mmapMinAddress } = mm.machine
  if (start % mm.pageSize !== 0 || length % mm.pageSize !== 0 || length === 0) return FAILURE.EINVAL
  return start < mmapMinAddress || start >= taskSize || length > taskSize - start ? FAILURE.EINVAL : 0
}
