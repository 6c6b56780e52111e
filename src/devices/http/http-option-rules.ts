import type { OptionRules } from '../../vocabulary/options/check-options.js'
import { textRule } from '../../vocabulary/options/text-rule.js'
import { wholeNumber } from '../../vocabulary/options/whole-number.js'
import type { HttpOptions } from './http-options.js'

/** The longest timer of Node. */
const LONGEST_TIMER = 2 ** 31 - 1

/** What each option must be. `checkHttpOptions` checks the URL and the headers themselves. */
export const httpOptionRules: OptionRules<HttpOptions> = {
  url: textRule('a URL as a text'),
  headers: { must: 'an object of texts', holds: (value) => typeof value === 'object' && value !== null },
  connections: wholeNumber('', 1, 1024),
  etag: textRule('an entity tag as the server writes it, with its quotes'),
  consistency: ['strong', 'weak', 'none'],
  readAhead: wholeNumber('bytes', 0),
  stall: wholeNumber('milliseconds', 1, LONGEST_TIMER),
  retries: wholeNumber('', 0),
}
