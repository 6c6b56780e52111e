import { hex } from '../../vocabulary/hex.js'
import { UsageError } from '../../vocabulary/usage-error.js'

/** Why a memory file that is mapped twice in a process is not swapped. */
export function mappedElsewhere(start: bigint, other: bigint): UsageError {
  return new UsageError(
    'ERR_VMAREA_UNSUPPORTED',
    `the file of the memory at ${hex(start)} is mapped at ${hex(other)} as well, where its pages would be holes: unmap that first`,
  )
}
