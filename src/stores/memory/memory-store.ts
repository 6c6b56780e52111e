import { UsageError } from '../../vocabulary/usage-error.js'
import type { PageStoreDescription } from '../page-store-description.js'
import type { MemoryStoreOptions } from './memory-store-options.js'

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
  const { compression, limit } = options
  if (compression !== undefined && !['lz4', 'deflate', 'none'].includes(compression)) {
    throw invalid(`the compression is 'lz4', 'deflate' or 'none', and this is ${String(compression)}`)
  }
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
    throw invalid(`the limit of a memory store is a number of bytes greater than 0, and this is ${String(limit)}`)
  }
  return {
    module: new URL('./memory-store-module.js', import.meta.url).href,
    options: {
      ...(compression === undefined ? {} : { compression }),
      ...(limit === undefined ? {} : { limit }),
    } satisfies MemoryStoreOptions,
  }
}

function invalid(message: string): UsageError {
  return new UsageError('ERR_VMAREA_INVALID_ARGUMENT', message)
}
