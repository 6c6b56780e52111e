import { UsageError } from '../vocabulary/usage-error.js'
import type { UffdAddress } from './uffd-address.js'

/**
 * The error of a copy that is given less than its length.
 *
 * It is apart from the loop that may throw it: the smaller the parts of a loop are, the more of them the engine compiles as one, in which
 * an address is never an object.
 */
export function tooFewBytes(address: UffdAddress, length: number, data: Uint8Array): UsageError {
  return new UsageError(
    'ERR_VMAREA_OUT_OF_RANGE',
    `${length} bytes were asked for at ${String(address)} and the data has ${data.length}: give as many as the length says`,
  )
}
