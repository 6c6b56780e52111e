import { copyMemory } from '../../model/faults/copy-memory.js'
import { handleFault } from '../../model/faults/handle-fault.js'
import { ACCESS } from '../../model/structs/access.js'
import { FAULT_RESULT } from '../../model/structs/fault-result.js'
import type { Mm } from '../../model/structs/mm.js'
import { hex } from '../../vocabulary/hex.js'
import type { Outcome } from './outcome.js'

/** An access that waits for a userfaultfd. */
export interface WaitingAccess {
  readonly mm: Mm
  readonly address: number
  readonly access: number
  readonly byte: number
  /** Takes the fault back, so that it can be made again. */
  readonly withdraw: (() => void) | undefined
}

const SIGNALS: Readonly<Record<number, string>> = {
  [FAULT_RESULT.NOT_MAPPED]: 'SIGSEGV, SEGV_MAPERR',
  [FAULT_RESULT.NOT_PERMITTED]: 'SIGSEGV, SEGV_ACCERR',
  [FAULT_RESULT.PROTECTION_KEY]: 'SIGSEGV, SEGV_PKUERR',
  [FAULT_RESULT.NO_PAGE]: 'SIGBUS, BUS_ADRERR',
  [FAULT_RESULT.POISONED]: 'SIGBUS: the page is poisoned',
}

/** A read, a write or a jump of the program: what it ends in. `waiting` is set where it waits. */
export function touch(
  mm: Mm,
  address: number,
  access: number,
  byte: number,
): { readonly outcome: Outcome; readonly waiting?: WaitingAccess } {
  const result = handleFault(mm, address, access)
  if (result === FAULT_RESULT.WAITS) {
    const waiting = { mm, address, access, byte, withdraw: mm.withdrawFault }
    return { outcome: { kind: 'waits', text: 'the thread waits for the userfaultfd' }, waiting }
  }
  const signal = SIGNALS[result]
  if (signal !== undefined) return { outcome: { kind: 'signal', text: `${signal} at ${hex(BigInt(address))}` } }
  if (access === ACCESS.EXECUTE) return { outcome: { kind: 'done', text: 'runs' } }
  const bytes = Uint8Array.of(byte)
  copyMemory(mm, address, bytes, access === ACCESS.WRITE)
  return access === ACCESS.WRITE
    ? { outcome: { kind: 'done', text: 'written' } }
    : { outcome: { kind: 'value', text: `0x${bytes[0]!.toString(16).padStart(2, '0')}`, value: bytes[0]! } }
}
