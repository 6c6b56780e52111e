import type { ValueRule } from './check-options.js'
import { numberRule } from './number-rule.js'

/** A rule for a size in bytes that is a power of two, from 1 to `most`. */
export function powerOfTwo(most: number = 2 ** 52): ValueRule {
  const limit = most === 2 ** 52 ? '' : `, at most ${most}`
  return numberRule(
    `a power of two of bytes${limit}`,
    (value) => value >= 1 && value <= most && Number.isInteger(Math.log2(value)),
  )
}
