import { UsageError } from '../../vocabulary/usage-error.js'
import type { PageStoreDescription } from '../page-store-description.js'
import type { FileStoreOptions } from './file-store-options.js'

/**
 * Describes a store that keeps pages in the slots of a file. Slots of freed pages are used again, and neighbours are written in one piece.
 *
 * Room is reserved (fallocate(2)) before pages are written, so that a full disk is noticed when pages leave memory and never when they come
 * back. A page that is in the page cache is read without waiting for the disk.
 *
 * Throws `ERR_VMAREA_INVALID_ARGUMENT` for options that can mean nothing. A folder that is gone, read-only or full is found when the store is
 * opened or written to: `VmError` with the path.
 *
 * @example
 * const swap = await openSwap(memory, { store: fileStore({ folder: '/var/tmp', encrypt: true }), residentLimit: 2 ** 27 })
 */
export function fileStore(options: FileStoreOptions = {}): PageStoreDescription {
  const { folder, path, limit, encrypt } = options
  if (folder !== undefined && path !== undefined) {
    throw invalid(`fileStore takes a folder or a path, and here are both: '${folder}' and '${path}'`)
  }
  for (const [name, value] of Object.entries({ folder, path })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw invalid(`the ${name} of a file store is a path, and this is ${String(value)}`)
    }
  }
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
    throw invalid(`the limit of a file store is a number of bytes greater than 0, and this is ${String(limit)}`)
  }
  return {
    module: new URL('./file-store-module.js', import.meta.url).href,
    options: {
      ...(folder === undefined ? {} : { folder }),
      ...(path === undefined ? {} : { path }),
      ...(limit === undefined ? {} : { limit }),
      encrypt: encrypt === true,
    } satisfies FileStoreOptions,
  }
}

function invalid(message: string): UsageError {
  return new UsageError('ERR_VMAREA_INVALID_ARGUMENT', message)
}
