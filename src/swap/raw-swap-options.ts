import type { RawSwapOptions } from '../kernel/swap/swaps.js'
import { PageStoreDefinition } from '../stores/page-store-definition.js'
import { UsageError } from '../vocabulary/usage-error.js'
import type { SwapOptions } from './swap-options.js'

const [HIGH, LOW] = [0.95, 0.9]
const TIMEOUT = 30_000

/** The options, checked, with a value for each. */
export function rawSwapOptions<StoreOptions>(options: SwapOptions<StoreOptions>, pageSize: number): RawSwapOptions {
  const { store, residentLimit = Number.POSITIVE_INFINITY, timeout = TIMEOUT, source, control, signal } = options ?? {}
  const { highWater = HIGH, lowWater = Math.min(LOW, highWater) } = options ?? {}
  checkResidentLimit(residentLimit, pageSize)
  if (!(highWater > 0 && highWater <= 1))
    throw invalid('highWater', 'a part of residentLimit, above 0 and up to 1', highWater)
  if (!(lowWater >= 0 && lowWater <= highWater)) {
    throw invalid('lowWater', `a part of residentLimit, from 0 to highWater, which is ${highWater}`, lowWater)
  }
  if (!(timeout > 0 && timeout < 2 ** 31)) throw invalid('timeout', 'milliseconds, above 0 and below 2^31', timeout)
  if (control !== undefined && (typeof control !== 'string' || control === '')) {
    throw invalid('control', 'the path of a socket, a text', control)
  }
  return { store: storeOf(store, options), residentLimit, highWater, lowWater, timeout, source, control, signal }
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

function storeOf<StoreOptions>(
  store: SwapOptions<StoreOptions>['store'],
  { storeOptions }: SwapOptions<StoreOptions>,
): RawSwapOptions['store'] {
  if (typeof store === 'string') return { module: store, options: storeOptions }
  if (store instanceof URL) return { module: store.href, options: storeOptions }
  if (store instanceof PageStoreDefinition) return { module: store, options: storeOptions }
  if (typeof store?.module === 'string') return { module: store.module, options: store.options }
  throw invalid('store', 'what fileStore() or one of its sisters returns, or the URL of a module', store)
}

function invalid(name: string, rule: string, value: unknown): UsageError {
  return new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `${name} must be ${rule}, and is ${String(value)}`)
}
