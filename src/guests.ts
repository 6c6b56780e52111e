// The memory of virtual machines, served from their snapshots.

import { blocksOptionRules } from './devices/blocks/options/blocks-option-rules.js'
import { checkBlocksOptions } from './devices/blocks/options/check-blocks-options.js'
import type { BlocksOptions } from './devices/blocks.js'
import { checkHttpOptions } from './devices/http/check-http-options.js'
import { httpOptionRules } from './devices/http/http-option-rules.js'
import type { HttpOptions } from './devices/http.js'
import { startSourceThread } from './guest-source-thread.js'
import type { Guests } from './guests/guests.js'
import type { GuestsOptions } from './guests/guests-options.js'
import { listenForGuests as listen } from './guests/listen-for-guests.js'
import { DeviceSource } from './guests/sources/device-source.js'
import type { GuestSource } from './guests/sources/guest-source.js'
import { ObjectSource } from './guests/sources/object-source.js'
import { PageStoreSource } from './guests/sources/page-store-source.js'
import { LinuxGuestHost } from './linux/guests/linux-guest-host.js'
import type { PageStore } from './stores/page-store.js'
import type { PageStoreDescription } from './stores/page-store-description.js'
import { checkOptions, type OptionRules } from './vocabulary/options/check-options.js'
import { moduleUrl } from './vocabulary/options/module-url.js'
import { powerOfTwo } from './vocabulary/options/power-of-two.js'
import { textRule } from './vocabulary/options/text-rule.js'
import { wholeNumber } from './vocabulary/options/whole-number.js'

export type { DirtyRun } from './guests/dirty-runs.js'
export type { FailedPage } from './guests/failed-page.js'
export { Guest, type GuestEnd } from './guests/guest.js'
export type { GuestChange, GuestMessage } from './guests/guest-message.js'
export type { FaultLatency, GuestStatistics } from './guests/guest-statistics.js'
export { GuestSwap } from './guests/guest-swap.js'
export { Guests } from './guests/guests.js'
export type { GuestsOptions } from './guests/guests-options.js'
export type { ServeOptions } from './guests/serve-options.js'
export { fileSource } from './guests/sources/file-source.js'
export { GuestSource } from './guests/sources/guest-source.js'
export { layerSources } from './guests/sources/layer-sources.js'
export type { PageSource } from './guests/sources/page-source.js'
export { type ZeroSourceOptions, zeroSource } from './guests/sources/zero-source.js'
export { mergeWorkingSets, readWorkingSet, type WorkingSet, writeWorkingSet } from './guests/working-set.js'
export type { FaultOutcome, GuestRegion, OnGuestFailure } from './kernel/guest-host.js'

const identity = textRule('a text that names the content')
const identityRules = { identity } as const
const storeSourceRules: OptionRules<StoreSourceOptions> = {
  size: wholeNumber('bytes', 0),
  pageSize: powerOfTwo(),
  missing: ['error', 'zero'],
  identity,
}

/**
 * Listens at the path of a Unix socket for monitors that restore a snapshot, such as Firecracker with `backend_type: Uffd`: many at one
 * path. A path that begins with `@` is in the abstract namespace. The file of a socket without a listener is replaced.
 *
 * @throws VmError `EADDRINUSE` where another process listens there, and as bind(2); UsageError `ERR_VMAREA_INVALID_ARGUMENT` for an option
 *
 * @example
 * await using guests = await listenForGuests('/run/guests.sock', { mode: 0o660, uid: [0, 123] })
 * for await (const guest of guests) await guest.serve(fileSource('/snapshots/7/memory'))
 */
export async function listenForGuests(path: string, options: GuestsOptions = {}): Promise<Guests> {
  return listen(new LinuxGuestHost(), path, options)
}

/**
 * What a driver has, by the URL of its module: see `openDevice`. A thread of the source's own opens it when the first guest is served from it,
 * and closes it with the last. `identity` names this content. Serving rejects with what opening the device throws.
 *
 * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` where `module` is no whole URL
 *
 * @example
 * await guest.serve(driverSource(new URL('./my-driver.js', import.meta.url), { size: 2 ** 30 }))
 */
export function driverSource(
  module: string | URL,
  options?: unknown,
  of: { readonly identity?: string } = {},
): GuestSource {
  const { identity } = checkOptions('driverSource()', of, identityRules)
  const driver = moduleUrl('a driver module', module)
  return new DeviceSource(() => startSourceThread({ kind: 'driver', driver, options }), identity)
}

/**
 * A program's own source on a thread of its own, so that the program's event loop may be busy. The module's default export is a function
 * that takes the options and returns `{ size, identity?, read(offset, target) }`, or a promise of it. The options are cloned.
 *
 * Serving rejects with UsageError `ERR_VMAREA_INVALID_ARGUMENT` where the module exports something else, and with what the function throws.
 *
 * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` where `module` is no whole URL
 *
 * @example
 * await guest.serve(moduleSource(new URL('./my-source.js', import.meta.url), { bucket: 'snapshots' }))
 */
export function moduleSource(
  module: string | URL,
  options?: unknown,
  of: { readonly identity?: string } = {},
): GuestSource {
  const { identity } = checkOptions('moduleSource()', of, identityRules)
  const url = moduleUrl('a module', module)
  return new DeviceSource(() => startSourceThread({ kind: 'module', module: url, options }), identity)
}

/** How a page store holds a memory file. */
export interface StoreSourceOptions {
  /** Of the memory file, in bytes. Page `n` of the store has its bytes from `n * pageSize` on. */
  readonly size: number
  /** Bytes a page of a store that is described. @defaultValue 4096 */
  readonly pageSize?: number
  /** A page that the store does not have: a page that can't be read, or zeros, which swap does not write. @defaultValue 'error' */
  readonly missing?: 'error' | 'zero'
  /** Names this content. */
  readonly identity?: string
}

/**
 * A page store of `vmarea/stores`. One that is described is opened by a thread of its own when the first guest is served from it, and
 * closed with the last: a store of your own, which finds its pages elsewhere. One that is open is read by the thread that calls `serve`,
 * and stays open.
 *
 * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` for an option
 *
 * @example
 * await guest.serve(storeSource({ module: import.meta.resolve('./my-store.js'), options: {} }, { size: 128 << 20 }))
 */
export function storeSource(store: PageStore | PageStoreDescription, options: StoreSourceOptions): GuestSource {
  const checked = checkOptions('storeSource()', options, storeSourceRules, ['size'])
  const { size, pageSize = 4096, missing = 'error', identity } = checked
  const given = identity === undefined ? {} : { identity }
  if (typeof (store as PageStore).read === 'function') {
    const source = new PageStoreSource(store as PageStore, { size, missing })
    return new ObjectSource({ size, ...given, read: (offset, target) => source.read(offset, target) })
  }
  const layout = { size, pageSize, missing }
  const open = () => startSourceThread({ kind: 'store', store: store as PageStoreDescription, options: layout })
  return new DeviceSource(open, identity)
}

/**
 * A memory file on a web server, read by ranges, with the options of the device `vmarea/devices/http`: see there for the errors that serving
 * rejects with. The identity of the source is the strong entity tag of the object, where the server gives one.
 *
 * @example
 * await guest.serve(httpSource({ url: 'https://example.org/memory' }))
 */
export function httpSource(options: HttpOptions): GuestSource {
  const checked = checkOptions('httpSource()', options, httpOptionRules, ['url'])
  checkHttpOptions(checked, 'httpSource()')
  return new DeviceSource(() => startSourceThread({ kind: 'http', options: checked }))
}

/**
 * A memory file that `vmarea pack` has compressed. Its identity is a checksum of its content. Serving rejects with what the device
 * `vmarea/devices/blocks` throws for a file that it can't open.
 *
 * @example
 * await guest.serve(packedSource('/snapshots/7/memory.gz'))
 */
export function packedSource(path: string, options: Omit<BlocksOptions, 'path'> = {}): GuestSource {
  const { cache } = checkOptions('packedSource()', options, { cache: blocksOptionRules.cache })
  const checked = checkBlocksOptions(cache === undefined ? { path } : { path, cache }, 'packedSource()')
  return new DeviceSource(() => startSourceThread({ kind: 'packed', options: checked }))
}
