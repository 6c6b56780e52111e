// The memory of virtual machines, served from their snapshots.

import { statSync } from 'node:fs'
import type { DeviceModule } from './device/open-device.js'
import type { BlocksOptions } from './devices/blocks.js'
import type { HttpOptions } from './devices/http.js'
import type { Guests } from './guests/guests.js'
import type { GuestsOptions } from './guests/guests-options.js'
import { listenForGuests as listen } from './guests/listen-for-guests.js'
import { DeviceSource } from './guests/sources/device-source.js'
import type { GuestSource } from './guests/sources/guest-source.js'
import { LinuxGuestHost } from './linux/guests/linux-guest-host.js'
import { thisProcess } from './this-process.js'

export type { DirtyRun } from './guests/dirty-runs.js'
export { type FailedPage, Guest, type GuestEnd } from './guests/guest.js'
export type { GuestChange, GuestMessage } from './guests/guest-message.js'
export type { FaultLatency, GuestStatistics } from './guests/guest-statistics.js'
export { Guests } from './guests/guests.js'
export type { GuestsOptions } from './guests/guests-options.js'
export type { ServeOptions } from './guests/serve-options.js'
export { fileSource } from './guests/sources/file-source.js'
export { GuestSource } from './guests/sources/guest-source.js'
export { layerSources } from './guests/sources/layer-sources.js'
export type { PageSource } from './guests/sources/page-source.js'
export { zeroSource } from './guests/sources/zero-source.js'
export { mergeWorkingSets, readWorkingSet, type WorkingSet, writeWorkingSet } from './guests/working-set.js'
export type { FaultOutcome, GuestRegion, OnGuestFailure } from './kernel/guest-host.js'

/**
 * Listens at the path of a Unix socket for monitors that restore a snapshot, such as Firecracker with `backend_type: Uffd`: many at one path.
 * A path that begins with `@` is in the abstract namespace. The file of a socket that nobody listens at any more is replaced.
 *
 * Rejects with `VmError`: `EADDRINUSE` where another process listens there.
 *
 * @example
 * await using guests = await listenForGuests('/run/guests.sock', { mode: 0o660, uid: [0, 123] })
 * for await (const guest of guests) await guest.serve(fileSource('/snapshots/7/memory'))
 */
export async function listenForGuests(path: string, options: GuestsOptions = {}): Promise<Guests> {
  return listen(new LinuxGuestHost(), path, options)
}

/**
 * What a driver has, on the driver's own thread: see `openDevice`. It is opened when the first guest is served from it. `identity` tells this
 * content from another's.
 */
export function driverSource<Options>(
  driver: DeviceModule<Options>,
  options: Options,
  { identity }: { readonly identity?: string } = {},
): GuestSource {
  const open = async () => {
    const device = await thisProcess().openDevice(driver, { driver: options })
    const memory = device.map()
    const close = () => {
      memory.unmap()
      return device.close()
    }
    return { size: device.size, read: (offset: number, target: Uint8Array) => memory.readAsync(offset, target), close }
  }
  return new DeviceSource(open, identity)
}

/** A memory file on a web server, read by ranges: the device `vmarea/devices/http`. */
export function httpSource(options: HttpOptions): GuestSource {
  const identity = options.etag === undefined ? {} : { identity: `etag:${options.etag}` }
  return driverSource(new URL('./devices/http.js', import.meta.url), options, identity)
}

/** A memory file that `vmarea pack` has compressed: the device `vmarea/devices/blocks`. */
export function packedSource(path: string, options: Omit<BlocksOptions, 'path'> = {}): GuestSource {
  const { size, ino, ctimeNs } = statSync(path, { bigint: true })
  return driverSource(
    new URL('./devices/blocks.js', import.meta.url),
    { ...options, path },
    { identity: `packed:${size}:${ino}:${ctimeNs}` },
  )
}
