import type { ValueRule } from './check-options.js'

/** A rule for a text that is not empty and has no NUL, which would end a path. `must` continues "the option must be …". */
export function textRule(must: string): ValueRule {
  return { must, holds: (value) => typeof value === 'string' && value !== '' && !value.includes('\0') }
}
