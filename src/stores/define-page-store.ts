import { UsageError } from '../vocabulary/usage-error.js'
import type { PageStore } from './page-store.js'
import { PageStoreDefinition } from './page-store-definition.js'
import type { PageStoreHost } from './page-store-host.js'

/** Makes one store: called once for each swap that is opened, with what the program gave as `storeOptions`. */
export type PageStoreSetup<Options> = (options: Options, host: PageStoreHost) => PageStore | Promise<PageStore>

/**
 * Defines a page store: what a module exports as its default so that `openSwap` can load it on the serving thread.
 *
 * What the store keeps belongs into `setup`, not beside it: the module is loaded once a thread.
 * Throws `ERR_VMAREA_INVALID_ARGUMENT` for anything but a function.
 *
 * @example
 * export default definePageStore((_options, { pageSize }) => {
 *   const kept = new Map<number, Uint8Array>()
 *   return {
 *     pageSize,
 *     write(pages, bytes) {
 *       pages.forEach((page, index) => kept.set(page, bytes.slice(index * pageSize, (index + 1) * pageSize)))
 *     },
 *     read(pages, into) {
 *       pages.forEach((page, index) => into.set(kept.get(page)!, index * pageSize))
 *     },
 *     free(pages) {
 *       for (const page of pages) kept.delete(page)
 *     },
 *     close() {
 *       kept.clear()
 *     },
 *   }
 * })
 */
export function definePageStore<Options = undefined>(setup: PageStoreSetup<Options>): PageStoreDefinition<Options> {
  if (typeof setup !== 'function') {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `definePageStore takes a function that returns the store, and this is ${String(setup)}`,
    )
  }
  return new PageStoreDefinition<Options>((options, host) => setup(options as Options, host))
}
