import { channel } from 'node:diagnostics_channel'
import { debuglog } from 'node:util'
import type { GuestMessage } from './guest-message.js'

const guests = channel('vmarea:guest')
const debug = debuglog('vmarea')

/** Publishes on the diagnostics channel `vmarea:guest`, and prints with `NODE_DEBUG=vmarea`. */
export function publishGuest(message: GuestMessage): void {
  const { change, pid, cause } = message
  if (debug.enabled)
    debug('%s: the guest of process %d%s', change, pid, cause instanceof Error ? `: ${cause.message}` : '')
  if (guests.hasSubscribers) guests.publish(message)
}
