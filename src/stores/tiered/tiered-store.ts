import { UsageError } from '../../vocabulary/usage-error.js'
import type { PageStoreDescription } from '../page-store-description.js'
import type { TieredStoreOptions, TieredStoreSetup } from './tiered-store-options.js'

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
    throw invalid(`a tier is what fileStore() or one of its sisters returns, and this is ${String(store)}`)
  }
  const limit = options?.limit
  if (!(Number.isSafeInteger(limit) && limit > 0)) {
    throw invalid(`the limit of a tiered store is a number of bytes greater than 0, and this is ${String(limit)}`)
  }
  return {
    module: new URL('./tiered-store-module.js', import.meta.url).href,
    options: { fast, slow, limit } satisfies TieredStoreSetup,
  }
}

function invalid(message: string): UsageError {
  return new UsageError('ERR_VMAREA_INVALID_ARGUMENT', message)
}
