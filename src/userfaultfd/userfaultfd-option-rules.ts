import type { OptionRules } from '../vocabulary/options/check-options.js'
import type { UserfaultfdOptions } from './userfaultfd-options.js'

const features = {
  each: 'the name of a feature or a bigint of bits',
  element: (value: unknown) => typeof value === 'string' || typeof value === 'bigint',
} as const

/** The rule of each option. The code that translates the features checks them. */
export const userfaultfdOptionRules: OptionRules<UserfaultfdOptions> = {
  features,
  optionalFeatures: features,
  userModeOnly: 'boolean',
  whenServerEnds: ['poison', 'wait'],
}
