import { join } from 'node:path'
import { type Guest, type GuestSource, listenForGuests, type PageSource, type ServeOptions } from '#vmarea/guests.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { Monitor } from './monitor.js'

let count = 0

/** Starts a monitor with these options, serves it, and ends both after `look`. */
export async function serveMonitor(
  options: readonly string[],
  source: GuestSource | PageSource,
  serveOptions: ServeOptions,
  look: (monitor: Monitor, guest: Guest) => Promise<void>,
): Promise<void> {
  const path = join(temporaryFolder, `guests-${count++}`)
  await using guests = await listenForGuests(path)
  await using monitor = new Monitor(path, options)
  await monitor.ready
  for await (const guest of guests) {
    await guest.serve(source, serveOptions)
    await look(monitor, guest)
    break
  }
}
