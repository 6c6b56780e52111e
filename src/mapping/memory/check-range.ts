import { showValue } from '../../vocabulary/options/show-value.js'
import { UsageError } from '../../vocabulary/usage-error.js'

/** Checks that `[offset, offset + length)` lies in `size` bytes of `what`. Both in bytes, whole numbers. */
export function checkRange(offset: number, length: number, size: number, what = 'mapping'): void {
  // A bigint fails the first test: added to a number it would throw.
  if (Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0 && offset + length <= size)
    return
  throw outOfRange(offset, length, size, what)
}

/** Apart from the check, so that the engine inlines that. */
function outOfRange(offset: number, length: number, size: number, what: string): UsageError {
  for (const [name, value] of [
    ['offset', offset],
    ['length', length],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 0) {
      return new UsageError(
        'ERR_VMAREA_OUT_OF_RANGE',
        `${name} must be a whole number of bytes from 0 on, and is ${showValue(value)}`,
      )
    }
  }
  return new UsageError(
    'ERR_VMAREA_OUT_OF_RANGE',
    `the range from ${offset} to ${offset + length} does not lie in the ${what}, which has ${size} bytes`,
  )
}
