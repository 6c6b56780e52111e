import type { OptionRules } from '../../../vocabulary/options/check-options.js'
import { textRule } from '../../../vocabulary/options/text-rule.js'
import { wholeNumber } from '../../../vocabulary/options/whole-number.js'
import type { BlocksOptions } from '../blocks-options.js'

/** What each option must be. */
export const blocksOptionRules: OptionRules<BlocksOptions> = {
  path: textRule('the path of a packed file, or its file: URL as text'),
  cache: wholeNumber('bytes', 0),
}
