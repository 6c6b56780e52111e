import type { Mm } from '../structs/mm.js'
import { applyLock } from './apply-lock.js'

/** munlock(2) */
export function munlock(mm: Mm, address: number, length: number): number {
  const over = address % mm.pageSize
  const start = address - over
  return applyLock(mm, start, start + mm.roundUp(length, over), 0)
}
