import { hex } from '../../vocabulary/hex.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import type { Mm } from '../structs/mm.js'

/**
 * Where the call that has just run waits for the server of a userfaultfd: withdraws its fault and throws. The caller is the only thread, so
 * that nothing could end the wait.
 *
 * @throws UsageError `ERR_VMAREA_WOULD_DEADLOCK`
 */
export function withdrawFault(mm: Mm, address: bigint, length: number): void {
  if (mm.withdrawFault === undefined) return
  mm.withdrawFault()
  throw new UsageError(
    'ERR_VMAREA_WOULD_DEADLOCK',
    `${length} bytes at ${hex(address)} have a page whose fault only the caller could answer, and the call would wait for it: ` +
      'answer the fault first',
  )
}
