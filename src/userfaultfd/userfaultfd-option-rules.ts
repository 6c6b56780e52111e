import type { OptionRules } from '../vocabulary/options/check-options.js'
import type { UserfaultfdOptions } from './userfaultfd-options.js'

/** What each option must be. The features are checked where they are translated. */
export const userfaultfdOptionRules: OptionRules<UserfaultfdOptions> = {
  features: 'list',
  optionalFeatures: 'list',
  userModeOnly: 'boolean',
  whenServerEnds: ['poison', 'wait'],
}
