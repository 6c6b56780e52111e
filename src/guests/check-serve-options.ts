import { UsageError } from '../vocabulary/usage-error.js'
import type { ServeOptions } from './serve-options.js'

const LARGEST_AROUND = 2 << 20

/** With the defaults. Throws `ERR_VMAREA_INVALID_ARGUMENT`. */
export function checkServeOptions(options: ServeOptions) {
  const {
    around = 65536,
    timeout = 30_000,
    atOnce = 256,
    removed = 'zero',
    onPageFailure = 'poison',
    record = false,
    dirty = false,
  } = options
  if (!Number.isInteger(around) || around < 1 || around > LARGEST_AROUND || (around & (around - 1)) !== 0) {
    throw wrong('around', around, `a power of two of bytes, at most ${LARGEST_AROUND}`)
  }
  if (!(timeout > 0 && timeout <= 2 ** 31)) throw wrong('timeout', timeout, 'milliseconds, more than 0')
  if (!Number.isInteger(atOnce) || atOnce < 1 || atOnce > 4096) throw wrong('atOnce', atOnce, 'a number from 1 to 4096')
  if (removed !== 'zero' && removed !== 'unregister') throw wrong('removed', removed, "'zero' or 'unregister'")
  if (onPageFailure !== 'poison' && onPageFailure !== 'kill') {
    throw wrong('onPageFailure', onPageFailure, "'poison' or 'kill'")
  }
  if (dirty && removed === 'unregister') {
    throw wrong('removed', removed, "'zero' with dirty: writes to memory that is not registered are not known")
  }
  return { around, timeout, atOnce, removed, onPageFailure, record, dirty }
}

function wrong(name: string, value: unknown, rule: string): UsageError {
  return new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `${name} must be ${rule}; this is ${String(value)}`)
}
