import { checkOptions, type OptionRules } from '../../vocabulary/options/check-options.js'
import { showValue } from '../../vocabulary/options/show-value.js'
import { wholeNumber } from '../../vocabulary/options/whole-number.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import type { PageStoreDescription } from '../page-store-description.js'
import type { TieredStoreOptions, TieredStoreSetup } from './tiered-store-options.js'

const rules: OptionRules<TieredStoreOptions> = { limit: wholeNumber('bytes', 1) }

/**
 * Describes a store that keeps pages in a fast store first; past `limit` bytes there, the oldest move on to a slow one in the background.
 *
 * Throws `ERR_VMAREA_INVALID_ARGUMENT` for options that can mean nothing.
 *
 * @example
 * const store = tieredStore(memoryStore(), fileStore(), { limit: 2 ** 28 })
 */
export function tieredStore(
  fast: PageStoreDescription,
  slow: PageStoreDescription,
  options: TieredStoreOptions,
): PageStoreDescription {
  for (const store of [fast, slow]) {
    if (typeof store?.module === 'string') continue
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `a tier of tieredStore() must be what fileStore() or one of its sisters returns, and is ${showValue(store)}`,
    )
  }
  const { limit } = checkOptions('tieredStore()', options, rules, ['limit'])
  return {
    module: new URL('./tiered-store-module.js', import.meta.url).href,
    options: { fast, slow, limit } satisfies TieredStoreSetup,
  }
}
