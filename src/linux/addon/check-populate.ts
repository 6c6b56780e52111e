import { hex } from '../../vocabulary/hex.js'
import { MADV } from '../../vocabulary/madv.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { addon } from './addon.js'

/** `Populates` of `native/calls/populate-waits.cc`. */
const POPULATES = { mlock: 0, mlockall: 1, read: 2, write: 3 } as const

/**
 * Throws where a system call that faults pages in would wait in the kernel for a fault that only this thread could answer.
 *
 * @throws UsageError `ERR_VMAREA_WOULD_DEADLOCK`
 */
export function checkPopulate(call: 'mlock' | 'mlockall' | number, address: bigint, length: number): void {
  if (addon().populateWaits(address, length, POPULATES[typeof call === 'string' ? call : wayOf(call)]) === 0) return
  throw new UsageError(
    'ERR_VMAREA_WOULD_DEADLOCK',
    `${length} bytes at ${hex(address)} have a page whose fault only this thread could answer, and the call would wait for it: ` +
      'answer the fault first, or serve it on another thread',
  )
}

function wayOf(advice: number): 'read' | 'write' {
  return advice === MADV.POPULATE_WRITE ? 'write' : 'read'
}
