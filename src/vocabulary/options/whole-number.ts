import type { ValueRule } from './check-options.js'
import { numberRule } from './number-rule.js'

/** A rule for a whole number of `unit` (`'bytes'`; an empty text for a count) from `least` to `most`, both included. */
export function wholeNumber(unit: string, least: number, most: number = Number.MAX_SAFE_INTEGER): ValueRule {
  const what = unit === '' ? 'a whole number' : `a whole number of ${unit}`
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`
  return numberRule(`${what} ${range}`, (value) => Number.isSafeInteger(value) && value >= least && value <= most)
}
