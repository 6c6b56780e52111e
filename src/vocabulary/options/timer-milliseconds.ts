import type { ValueRule } from './check-options.js'
import { numberRule } from './number-rule.js'

/** A timer with a longer delay fires at once. */
const LONGEST = 2 ** 31 - 1

/** A rule for the time after which a timer fires. */
export const timerMilliseconds: ValueRule = numberRule(
  `a number of milliseconds above 0 and at most ${LONGEST}`,
  (value) => value > 0 && value <= LONGEST,
)
