import type { GuestHost } from '../kernel/guest-host.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { GuestState } from './guest-state.js'
import { Guests } from './guests.js'
import type { GuestsOptions } from './guests-options.js'

/** Listens for monitors at the path of a Unix socket: see `listenForGuests` of `vmarea/guests`. */
export async function listenForGuests(host: GuestHost, path: string, options: GuestsOptions = {}): Promise<Guests> {
  const {
    mode = 0o600,
    uid = [process.getuid!(), 0],
    onFailure = 'poison',
    messageTimeout = 10_000,
    onRefused = () => {},
  } = options
  const users = [uid].flat()
  if (typeof path !== 'string' || path.length === 0) throw wrong('the path of a socket', path, 'a text')
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o777) throw wrong('mode', mode, 'permissions from 0 to 0o777')
  if (!users.every((user) => Number.isInteger(user) && user >= 0)) throw wrong('uid', uid, 'numbers of users')
  if (!['poison', 'kill', 'wait'].includes(onFailure)) throw wrong('onFailure', onFailure, "'poison', 'kill' or 'wait'")
  if (!(messageTimeout > 0 && messageTimeout < 2 ** 31)) {
    throw wrong('messageTimeout', messageTimeout, 'milliseconds, more than 0')
  }
  const state = options.state === undefined ? undefined : new GuestState(host, options.state)
  const keeper = options.keeper === true ? await host.startKeeper() : undefined
  try {
    return new Guests(host, host.listen(path, mode), { users, onFailure, messageTimeout, onRefused }, keeper, state)
  } catch (error) {
    keeper?.close()
    throw error
  }
}

function wrong(name: string, value: unknown, rule: string): UsageError {
  return new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `${name} must be ${rule}; this is ${String(value)}`)
}
