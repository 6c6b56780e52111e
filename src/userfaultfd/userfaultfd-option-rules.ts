import type { OptionRules } from '../vocabulary/options/check-options.js'
import type { UserfaultfdOptions } from './userfaultfd-options.js'

/** The rule of each option. The code that translates the features checks them. */
export const userfaultfdOptionRules: OptionRules<UserfaultfdOptions> = {
  features: 'list',
  optionalFeatures: 'list',
  userModeOnly: 'boolean',
  whenServerEnds: ['poison', 'wait'],
}
