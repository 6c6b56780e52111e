import { UsageError } from '../usage-error.js'
import { showValue } from './show-value.js'

/** Throws `ERR_VMAREA_INVALID_ARGUMENT` unless the value is a bigint in `[0, 2^64)`. */
export function checkAddress(value: bigint, name: string): void {
  if (typeof value !== 'bigint') {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `${name} must be a bigint, such as 0x7f0000000000n, and is ${typeof value === 'number' ? `the number ${value}` : showValue(value)}`,
    )
  }
  if (value < 0n || value >> 64n !== 0n) {
    throw new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `${name} must be in [0, 2^64) and is ${showValue(value)}`)
  }
}
