import type { OptionRules } from '../../../vocabulary/options/check-options.js'
import { numberRule } from '../../../vocabulary/options/number-rule.js'
import { CODECS } from '../codecs.js'
import { LAYOUT } from '../layout.js'
import type { PackOptions } from '../pack-options.js'

const step = LAYOUT.blockSizeStep
const most = LAYOUT.largestBlockSize

/** What each option must be. `checkPackOptions` compares the level with those of the algorithm. */
export const packOptionRules: OptionRules<PackOptions> = {
  algorithm: Object.keys(CODECS),
  level: numberRule('a whole number', Number.isInteger),
  blockSize: numberRule(
    `a multiple of ${step} up to ${most}`,
    (value) => value >= step && value <= most && value % step === 0,
  ),
  signal: 'signal',
}
