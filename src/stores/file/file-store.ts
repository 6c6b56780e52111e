import { checkOptions, type OptionRules } from '../../vocabulary/options/check-options.js'
import { textRule } from '../../vocabulary/options/text-rule.js'
import { wholeNumber } from '../../vocabulary/options/whole-number.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import type { PageStoreDescription } from '../page-store-description.js'
import type { FileStoreOptions } from './file-store-options.js'

const rules: OptionRules<FileStoreOptions> = {
  folder: textRule('the path of a folder'),
  path: textRule('the path of a new file'),
  limit: wholeNumber('bytes', 1),
  encrypt: 'boolean',
}

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
  const { folder, path, limit, encrypt } = checkOptions('fileStore()', options, rules)
  if (folder !== undefined && path !== undefined) {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `fileStore() takes a folder or a path, and here are both: '${folder}' and '${path}'`,
    )
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
