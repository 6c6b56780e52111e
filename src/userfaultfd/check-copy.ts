import { hex } from '../vocabulary/hex.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { checks } from './checks.js'
import type { UffdAddress } from './uffd-address.js'

/**
 * Checks the arguments of a copy: an address and a length, and data that has as many bytes.
 *
 * Apart from `Userfaultfd.copy`: the smaller the parts of a handler loop are, the more of them the engine compiles as one, in which
 * an address is never an object.
 */
export function checkCopy(address: UffdAddress, length: number, data: Uint8Array): void {
  checks.range('copy()', address, length)
  checks.data('copy()', data)
  if (data.length >= length) return
  throw new UsageError(
    'ERR_VMAREA_OUT_OF_RANGE',
    `${length} bytes were asked for at ${hex(BigInt(address))} and the data has ${data.length}: give as many as the length says`,
  )
}
