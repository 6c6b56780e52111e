import { checkOptions, type OptionRules } from '../../vocabulary/options/check-options.js'
import { wholeNumber } from '../../vocabulary/options/whole-number.js'
import type { PageStoreDescription } from '../page-store-description.js'
import type { MemoryStoreOptions } from './memory-store-options.js'

const rules: OptionRules<MemoryStoreOptions> = {
  compression: ['lz4', 'deflate', 'none'],
  limit: wholeNumber('bytes', 1),
}

/**
 * Describes a store that keeps pages compressed in memory, as zswap does. A page of a real program takes about two fifths of its size.
 *
 * Throws `ERR_VMAREA_INVALID_ARGUMENT` for options that can mean nothing. A compression whose package is not installed is found when the
 * store is opened: `ERR_VMAREA_UNSUPPORTED`.
 *
 * @example
 * const swap = await openSwap(memory, { store: memoryStore({ compression: 'lz4' }), residentLimit: 2 ** 27 })
 */
export function memoryStore(options: MemoryStoreOptions = {}): PageStoreDescription {
  const { compression, limit } = checkOptions('memoryStore()', options, rules)
  return {
    module: new URL('./memory-store-module.js', import.meta.url).href,
    options: {
      ...(compression === undefined ? {} : { compression }),
      ...(limit === undefined ? {} : { limit }),
    } satisfies MemoryStoreOptions,
  }
}
