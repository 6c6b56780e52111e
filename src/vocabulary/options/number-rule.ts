import type { ValueRule } from './check-options.js'

/** A rule for a number. `must` continues "the option must be …". */
export function numberRule(must: string, holds: (value: number) => boolean): ValueRule {
  return { must, holds: (value) => typeof value === 'number' && holds(value) }
}
