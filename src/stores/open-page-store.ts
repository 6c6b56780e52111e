import { showValue } from '../vocabulary/options/show-value.js'
import { UsageError } from '../vocabulary/usage-error.js'
import type { PageStore } from './page-store.js'
import { PageStoreDefinition } from './page-store-definition.js'
import type { PageStoreDescription } from './page-store-description.js'
import type { PageStoreHost } from './page-store-host.js'

/**
 * Opens a page store on this thread, from its description or from a definition with its options. The caller must close it.
 *
 * Rejects with `ERR_VMAREA_NOT_A_STORE` where the module can't be loaded or exports something else, or where the pages of the store have
 * another size, with `ERR_VMAREA_INVALID_ARGUMENT` for what is no store, and with what the setup threw.
 *
 * @example
 * const store = await openPageStore(fileStore({ encrypt: true }), { pageSize: 4096 })
 * await store.write([7], new Uint8Array(4096).fill(1))
 * await store.close()
 */
export async function openPageStore(
  store: PageStoreDescription | PageStoreDefinition<never>,
  host: PageStoreHost,
  options?: unknown,
): Promise<PageStore> {
  const described = !(store instanceof PageStoreDefinition)
  if (described && typeof store?.module !== 'string') {
    const must = 'what fileStore() or one of its sisters returns, or a definition'
    throw new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `store must be ${must}, and is ${showValue(store)}`)
  }
  const definition = described ? await load(store.module) : store
  const opened = await definition.open(described ? store.options : options, host)
  if (opened?.pageSize === host.pageSize) return opened
  const size = opened?.pageSize
  await opened?.close?.()
  throw new UsageError(
    'ERR_VMAREA_NOT_A_STORE',
    `the page store ${described ? shorten(store.module) : 'of this definition'} keeps pages of ${size} bytes, and the memory has pages of ${host.pageSize}`,
  )
}

async function load(url: string): Promise<PageStoreDefinition<never>> {
  let module: { readonly default?: unknown }
  try {
    module = await import(url)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw notAStore(url, `could not be loaded: ${why}`, { cause })
  }
  const definition = module.default
  if (isDefinition(definition)) return definition
  const advice = 'write `export default definePageStore(…)`'
  throw notAStore(url, `has ${definition === undefined ? 'no default export' : 'another default export'}: ${advice}`)
}

/** By its method, not its class: the store's module may have loaded another copy of this package. */
function isDefinition(value: unknown): value is PageStoreDefinition<never> {
  return typeof value === 'object' && value !== null && typeof (value as PageStoreDefinition).open === 'function'
}

function notAStore(url: string, what: string, options?: ErrorOptions): UsageError {
  return new UsageError('ERR_VMAREA_NOT_A_STORE', `the module ${shorten(url)} of a page store ${what}`, options)
}

/** A `data:` URL is its whole text. */
function shorten(url: string): string {
  return url.length <= 200 ? url : `${url.slice(0, 200)}…`
}
