import type { OptionRules } from '../../../vocabulary/options/check-options.js'
import { numberRule } from '../../../vocabulary/options/number-rule.js'
import type { WriteOptions } from '../write-options.js'

/** What each option must be. */
export const writeOptionRules: OptionRules<WriteOptions> = {
  force: 'boolean',
  mode: numberRule('permissions from 0 to 0o7777', (value) => Number.isInteger(value) && value >= 0 && value <= 0o7777),
  signal: 'signal',
}
