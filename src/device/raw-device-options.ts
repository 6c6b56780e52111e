import type { RawDeviceOptions } from '../kernel/devices.js'
import { checkOptions, type OptionRules } from '../vocabulary/options/check-options.js'
import { faultSourceRule } from '../vocabulary/options/fault-source-rule.js'
import { showValue } from '../vocabulary/options/show-value.js'
import { UsageError } from '../vocabulary/usage-error.js'
import type { DeviceOptions } from './device-options.js'

const defaultTimeout = 30_000
/** A timer with a longer delay fires at once. */
const longestTimeout = 2 ** 31 - 1
const defaultMost = 64 * 1024
/** The pages that a single instruction can touch, all of which must be in memory at once. */
const leastResidentPages = 16

const rules: OptionRules<DeviceOptions> = {
  driver: 'any',
  timeout: 'any',
  run: 'any',
  residentLimit: 'any',
  source: faultSourceRule,
  signal: 'signal',
}

/** Checks the options of a device and gives each of them a value. */
export function rawDeviceOptions(given: DeviceOptions, pageSize: number): RawDeviceOptions {
  const options = checkOptions('openDevice()', given, rules)
  const { driver, source, signal } = options
  const residentLimit = residentLimitOf(options, pageSize)
  return {
    driver,
    timeout: timeoutOf(options),
    run: runOf(options, pageSize, residentLimit),
    residentLimit,
    source,
    signal,
  }
}

function timeoutOf({ timeout = defaultTimeout }: DeviceOptions): number {
  if (timeout === Infinity) return timeout
  if (typeof timeout === 'number' && timeout > 0 && timeout <= longestTimeout) return timeout
  throw invalid(
    `timeout must be a number of milliseconds above 0 and at most ${longestTimeout}, or Infinity, and is ${showValue(timeout)}`,
  )
}

function residentLimitOf({ residentLimit = Infinity }: DeviceOptions, pageSize: number): number {
  if (residentLimit === Infinity) return residentLimit
  const least = leastResidentPages * pageSize
  if (Number.isSafeInteger(residentLimit) && residentLimit >= least) {
    return Math.floor(residentLimit / pageSize) * pageSize
  }
  throw invalid(
    `residentLimit must be a whole number of bytes from ${least} on, which are ${leastResidentPages} pages, and is ${showValue(residentLimit)}`,
  )
}

function runOf({ run = {} }: DeviceOptions, pageSize: number, residentLimit: number): RawDeviceOptions['run'] {
  if (typeof run !== 'number' && (typeof run !== 'object' || run === null)) {
    throw invalid(`run must be a number of bytes or { least, most }, and is ${showValue(run)}`)
  }
  const asked = typeof run === 'number' ? { least: run, most: run } : run
  const longest = Math.floor(residentLimit / 2 / pageSize) * pageSize
  const least = asked.least === undefined ? pageSize : wholePages(asked.least, 'least', pageSize)
  const most =
    asked.most === undefined
      ? Math.max(least, Math.min(Math.ceil(defaultMost / pageSize) * pageSize, longest))
      : wholePages(asked.most, 'most', pageSize)
  if (most < least) throw invalid(`run.most is ${most} bytes, and must not be less than run.least, which is ${least}`)
  if (most > longest) {
    throw invalid(`the longest run is ${most} bytes, and residentLimit, ${residentLimit}, must be twice that at least`)
  }
  return { least, most }
}

function wholePages(bytes: number, name: string, pageSize: number): number {
  const whole = Math.ceil(bytes / pageSize) * pageSize
  if (Number.isSafeInteger(bytes) && bytes > 0 && Number.isSafeInteger(whole)) return whole
  throw invalid(`run.${name} must be a whole number of bytes above 0, and is ${showValue(bytes)}`)
}

function invalid(message: string): UsageError {
  return new UsageError('ERR_VMAREA_INVALID_ARGUMENT', message)
}
