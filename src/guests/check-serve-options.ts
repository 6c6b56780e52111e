import { checkOptions, type OptionRules } from '../vocabulary/options/check-options.js'
import { powerOfTwo } from '../vocabulary/options/power-of-two.js'
import { timerMilliseconds } from '../vocabulary/options/timer-milliseconds.js'
import { wholeNumber } from '../vocabulary/options/whole-number.js'
import { UsageError } from '../vocabulary/usage-error.js'
import type { ServeOptions } from './serve-options.js'
import type { WorkingSet } from './working-set.js'

const LARGEST_AROUND = 2 << 20

const rules: OptionRules<ServeOptions> = {
  around: powerOfTwo(LARGEST_AROUND),
  timeout: timerMilliseconds,
  atOnce: wholeNumber('', 1, 4096),
  removed: ['zero', 'unregister'],
  dirty: 'boolean',
  onPageFailure: ['poison', 'kill'],
  prefetch: {
    must: "'all', a working set, or the path of one",
    holds: (value) =>
      (typeof value === 'string' && value !== '') || Array.isArray((value as WorkingSet | null)?.ranges),
  },
  record: {
    must: 'true, false, or the path of a file',
    holds: (value) => typeof value === 'boolean' || (typeof value === 'string' && value !== ''),
  },
}

/** With the defaults. Throws `ERR_VMAREA_INVALID_ARGUMENT`. */
export function checkServeOptions(given: ServeOptions) {
  const {
    around = 65536,
    timeout = 30_000,
    atOnce = 256,
    removed = 'zero',
    onPageFailure = 'poison',
    prefetch,
    record = false,
    dirty = false,
  } = checkOptions('serve()', given, rules)
  if (dirty && removed === 'unregister') {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      "removed of serve() must be 'zero' with dirty, and is 'unregister': writes to memory that is not registered are not known",
    )
  }
  return { around, timeout, atOnce, removed, onPageFailure, prefetch, record, dirty }
}
