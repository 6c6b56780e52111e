import { hex } from '../../vocabulary/hex.js'
import type { OptionRules } from '../../vocabulary/options/check-options.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import type { AddressSpace } from '../address-space.js'

/** For calls that destroy what memory holds. */
export interface ForeignOptions {
  /** Allows private memory of this process that this library did not map. The process may end. */
  readonly foreign?: boolean
}

export const foreignRules: OptionRules<ForeignOptions> = { foreign: 'boolean' }

/**
 * Throws where a call that destroys what memory holds would reach memory of the engine, a stack, the heap or loaded code.
 *
 * @throws UsageError `ERR_VMAREA_FOREIGN_MEMORY`
 */
export function refuseForeign(addressSpace: AddressSpace, address: bigint, length: number, call: string): void {
  const whose = addressSpace.foreign?.(address, length)
  if (whose === undefined) return
  throw new UsageError(
    'ERR_VMAREA_FOREIGN_MEMORY',
    `${call} of ${length} bytes at ${hex(address)} would reach ${whose}, which this library did not map, and the process may end: ` +
      'pass foreign: true where that is meant',
  )
}
