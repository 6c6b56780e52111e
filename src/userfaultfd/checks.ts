import { bytesRule } from '../vocabulary/options/bytes-rule.js'
import { checkArgument } from '../vocabulary/options/check-argument.js'
import { checkOptions, type OptionRules, type ValueRule } from '../vocabulary/options/check-options.js'
import { numberRule } from '../vocabulary/options/number-rule.js'
import { textRule } from '../vocabulary/options/text-rule.js'
import { wholeNumber } from '../vocabulary/options/whole-number.js'
import type { UffdAddress } from './uffd-address.js'

const addressRule: ValueRule = {
  must: 'an address: a bigint below 2^64, or a whole number below 2^53, from 0 on',
  holds: (value) =>
    typeof value === 'bigint' ? value >= 0n && value >> 64n === 0n : Number.isSafeInteger(value) && Number(value) >= 0,
}
const lengthRule = wholeNumber('bytes', 0)
const flagRule: ValueRule = { must: 'true or false', holds: (value) => typeof value === 'boolean' }
const pidRule = wholeNumber('', 1)
const timeoutRule = numberRule('a number of milliseconds', (value) => !Number.isNaN(value))
const pathRule = textRule('the path of a socket')
const messagesRule: ValueRule = {
  must: 'UffdMessages',
  holds: (value) => bytesRule.holds((value as { bytes?: unknown } | null | undefined)?.bytes),
}

const writtenRules = { reset: 'boolean' } as const
const eventsRules = { signal: 'signal' } as const
const serveRules = { signal: 'signal', onError: 'function' } as const
const closeRules = { missing: ['poison', 'zero'] } as const
const handlerRule: ValueRule = { must: 'a function', holds: (value) => typeof value === 'function' }

/**
 * Checks of the arguments of a userfaultfd's methods: each throws `ERR_VMAREA_INVALID_ARGUMENT`.
 *
 * Loops that serve faults call them only for what is no plain right value: the smaller the parts of a loop are, the more of them the engine
 * compiles as one, in which an address is never an object.
 */
export const checks = {
  range(call: string, address: UffdAddress, length: number, name = 'address'): void {
    checkArgument(call, name, address, addressRule)
    checkArgument(call, 'length', length, lengthRule)
  },

  move(destination: UffdAddress, source: UffdAddress, length: number): void {
    checks.range('move()', destination, length, 'destination')
    checkArgument('move()', 'source', source, addressRule)
  },

  data(call: string, data: Uint8Array): void {
    checkArgument(call, 'data', data, bytesRule)
  },

  flag(call: string, name: string, value: boolean): void {
    checkArgument(call, name, value, flagRule)
  },

  wait(messages: { readonly bytes: Uint8Array }, timeout: number): void {
    checkArgument('waitEvents()', 'messages', messages, messagesRule)
    checkArgument('waitEvents()', 'timeout', timeout, timeoutRule)
  },

  messages(messages: { readonly bytes: Uint8Array }): void {
    checkArgument('readEvents()', 'messages', messages, messagesRule)
  },

  events(options: { readonly signal?: AbortSignal }): { readonly signal?: AbortSignal } {
    return checkOptions('events()', options, eventsRules)
  },

  serve<Options extends object>(handler: unknown, options: Options): Options {
    checkArgument('serve()', 'handler', handler, handlerRule)
    return checkOptions<Options>('serve()', options, serveRules as unknown as OptionRules<Options>)
  },

  written(options: { readonly reset?: boolean }): { readonly reset?: boolean } {
    return checkOptions('written()', options, writtenRules)
  },

  close(options: { readonly missing?: 'poison' | 'zero' }): { readonly missing?: 'poison' | 'zero' } {
    return checkOptions('close()', options, closeRules)
  },

  pid(pid: number | undefined): void {
    if (pid !== undefined) checkArgument('unanswered()', 'pid', pid, pidRule)
  },

  socketPath(call: string, path: string): void {
    checkArgument(call, 'socketPath', path, pathRule)
  },
}
