import type { RawSwapOptions } from '../kernel/swap/swaps.js'
import { PageStoreDefinition } from '../stores/page-store-definition.js'
import { checkOptions, type OptionRules } from '../vocabulary/options/check-options.js'
import { faultSourceRule } from '../vocabulary/options/fault-source-rule.js'
import { moduleUrl } from '../vocabulary/options/module-url.js'
import { numberRule } from '../vocabulary/options/number-rule.js'
import { showValue } from '../vocabulary/options/show-value.js'
import { textRule } from '../vocabulary/options/text-rule.js'
import { timerMilliseconds } from '../vocabulary/options/timer-milliseconds.js'
import { UsageError } from '../vocabulary/usage-error.js'
import type { SwapOptions } from './swap-options.js'

const [HIGH, LOW] = [0.95, 0.9]
const TIMEOUT = 30_000

const storeRule = 'what fileStore() or one of its sisters returns, or the URL of a module'
const part = (what: string, least: number) =>
  numberRule(`a part of residentLimit, ${what}`, (value) => value >= least && value <= 1)
const rules: OptionRules<SwapOptions> = {
  store: { must: storeRule, holds: () => true },
  storeOptions: 'any',
  residentLimit: 'any',
  highWater: part('above 0 and up to 1', Number.MIN_VALUE),
  lowWater: part('from 0 to highWater', 0),
  timeout: timerMilliseconds,
  source: faultSourceRule,
  control: textRule('the path of a socket'),
  signal: 'signal',
}

/** The options, checked, with a value for each. */
export function rawSwapOptions<StoreOptions>(given: SwapOptions<StoreOptions>, pageSize: number): RawSwapOptions {
  const options = checkOptions('openSwap()', given as SwapOptions, rules, ['store'])
  const { residentLimit = Number.POSITIVE_INFINITY, timeout = TIMEOUT, source, control, signal } = options
  const { highWater = HIGH, lowWater = Math.min(LOW, highWater) } = options
  checkResidentLimit(residentLimit, pageSize)
  if (lowWater > highWater) {
    throw invalid('lowWater', `a part of residentLimit, from 0 to highWater, which is ${highWater}`, lowWater)
  }
  return { store: storeOf(options), residentLimit, highWater, lowWater, timeout, source, control, signal }
}

/** Throws unless `bytes` can be a budget. */
export function checkResidentLimit(bytes: number, pageSize: number): void {
  if (bytes === Number.POSITIVE_INFINITY || (Number.isSafeInteger(bytes) && bytes >= pageSize)) return
  throw invalid(
    'residentLimit',
    `a whole number of bytes, of one page of ${pageSize} bytes at least, or Infinity`,
    bytes,
  )
}

function storeOf({ store, storeOptions }: SwapOptions): RawSwapOptions['store'] {
  if (typeof store === 'string' || store instanceof URL)
    return { module: moduleUrl('a store module', store), options: storeOptions }
  if (store instanceof PageStoreDefinition) return { module: store, options: storeOptions }
  if (typeof store?.module === 'string') return { module: store.module, options: store.options }
  throw invalid('store', storeRule, store)
}

function invalid(name: string, rule: string, value: unknown): UsageError {
  return new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `${name} must be ${rule}, and is ${showValue(value)}`)
}
