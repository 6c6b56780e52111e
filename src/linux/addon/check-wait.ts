import { hex } from '../../vocabulary/hex.js'
import { UsageError } from '../../vocabulary/usage-error.js'

/** `kWouldWait` of `native/calls/bring-in.h`. */
const WOULD_WAIT = -4096

/**
 * The addon's answer to a call that faults pages in.
 *
 * @throws UsageError `ERR_VMAREA_WOULD_DEADLOCK` where the call would wait in the kernel for a fault that only this thread could answer
 */
export function checkWait(answer: number, address: bigint, length: number): number {
  if (answer !== WOULD_WAIT) return answer
  throw new UsageError(
    'ERR_VMAREA_WOULD_DEADLOCK',
    `${length} bytes at ${hex(address)} have a page whose fault only this thread could answer, and the call would wait for it: ` +
      'answer the fault first, or serve it on another thread',
  )
}
