import { existsSync } from 'node:fs'
import type { GuestHost } from '../kernel/guest-host.js'
import { checkOptions, type OptionRules } from '../vocabulary/options/check-options.js'
import { numberRule } from '../vocabulary/options/number-rule.js'
import { showValue } from '../vocabulary/options/show-value.js'
import { textRule } from '../vocabulary/options/text-rule.js'
import { timerMilliseconds } from '../vocabulary/options/timer-milliseconds.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { GuestState } from './guest-state.js'
import { Guests } from './guests.js'
import type { GuestsOptions } from './guests-options.js'

const isUser = (value: unknown) => Number.isInteger(value) && (value as number) >= 0
const rules: OptionRules<GuestsOptions> = {
  mode: numberRule('permissions from 0 to 0o777', (value) => Number.isInteger(value) && value >= 0 && value <= 0o777),
  uid: { must: 'the number of a user, or a list of them', holds: (value) => [value].flat().every(isUser) },
  onFailure: ['poison', 'kill', 'wait'],
  keeper: 'boolean',
  state: textRule('the path of a file'),
  takeOver: 'boolean',
  messageTimeout: timerMilliseconds,
  onRefused: 'function',
}

/** Listens for monitors at the path of a Unix socket: see `listenForGuests` of `vmarea/guests`. */
export async function listenForGuests(host: GuestHost, path: string, given: GuestsOptions = {}): Promise<Guests> {
  const options = checkOptions('listenForGuests()', given, rules)
  const {
    mode = 0o600,
    uid = [process.getuid!(), 0],
    onFailure = 'poison',
    messageTimeout = 10_000,
    onRefused = () => {},
  } = options
  const users = [uid].flat()
  if (typeof path !== 'string' || path === '') {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `path of listenForGuests() must be the path of a socket, and is ${showValue(path)}`,
    )
  }
  if (options.takeOver === true && options.state === undefined) {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      'takeOver of listenForGuests() requires state: the path of the file that the earlier handler wrote',
    )
  }
  const state = options.state === undefined ? undefined : new GuestState(host, options.state)
  const keeper = options.keeper === true ? await host.startKeeper() : undefined
  let guests: Guests
  try {
    guests = new Guests(host, host.listen(path, mode), { users, onFailure, messageTimeout, onRefused }, keeper, state)
  } catch (error) {
    keeper?.close()
    throw error
  }
  try {
    if (options.takeOver === true && existsSync(options.state!)) await guests.takeOverAll(options.state!)
    return guests
  } catch (error) {
    await guests.close()
    throw error
  }
}
