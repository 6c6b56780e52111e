// The memory of virtual machines, served from their snapshots.

import type { Guests } from './guests/guests.js'
import type { GuestsOptions } from './guests/guests-options.js'
import { listenForGuests as listen } from './guests/listen-for-guests.js'
import { LinuxGuestHost } from './linux/guests/linux-guest-host.js'

export { type FailedPage, Guest, type GuestEnd } from './guests/guest.js'
export type { GuestStatistics } from './guests/guest-statistics.js'
export { Guests } from './guests/guests.js'
export type { GuestsOptions } from './guests/guests-options.js'
export type { ServeOptions } from './guests/serve-options.js'
export { fileSource } from './guests/sources/file-source.js'
export { GuestSource } from './guests/sources/guest-source.js'
export { layerSources } from './guests/sources/layer-sources.js'
export type { PageSource } from './guests/sources/page-source.js'
export { zeroSource } from './guests/sources/zero-source.js'
export { mergeWorkingSets, readWorkingSet, type WorkingSet, writeWorkingSet } from './guests/working-set.js'
export type { GuestRegion, OnGuestFailure } from './kernel/guest-host.js'

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
