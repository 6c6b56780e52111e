import type { FaultRecord } from '../../kernel/fault-record.js'
import type { FaultReason } from '../../vocabulary/memory-fault.js'
import type { VmError } from '../../vocabulary/vm-error.js'
import { ACCESS } from '../structs/access.js'
import { FAULT_RESULT } from '../structs/fault-result.js'
import type { Mm } from '../structs/mm.js'
import { PTE } from '../structs/pte.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { handleFault } from './handle-fault.js'

/** The result of a copy: how far it got, and the fault that ended it or the wait that it requires. */
export interface CopyResult {
  readonly done: number
  readonly fault: FaultRecord | undefined
  /** Resolves with `undefined` when the copy can be tried again, or with the error that ends the access. */
  readonly waitsFor: Promise<VmError | undefined> | undefined
  /** Of a wait for the server of a userfaultfd, not for a driver: withdraws the fault. */
  readonly withdraw?: (() => void) | undefined
}

/**
 * Copies between memory and `bytes` as the program itself would: page by page, faulting each one in for its access. Begins at byte `from`
 * of `bytes`, which corresponds to `address`.
 */
export function copyMemory(mm: Mm, address: number, bytes: Uint8Array, write: boolean, from = 0): CopyResult {
  const { pageSize, tables } = mm
  const access = write ? ACCESS.WRITE : ACCESS.READ
  for (let done = from; done < bytes.length; ) {
    const at = address + done
    mm.driverError = undefined
    mm.waitsFor = undefined
    mm.withdrawFault = undefined
    const code = handleFault(mm, at, access)
    if (code === FAULT_RESULT.WAITS) {
      return { done, fault: undefined, waitsFor: mm.waitsFor ?? Promise.resolve(undefined), withdraw: mm.withdrawFault }
    }
    if (code !== FAULT_RESULT.DONE) {
      const cause = mm.driverError === undefined ? {} : { cause: mm.driverError }
      const reason = reasonOf(mm, at, code, write)
      const fault = { address: BigInt(at), access: write ? 'write' : 'read', reason, ...cause } as const
      return { done, fault, waitsFor: undefined }
    }
    const inPage = at % pageSize
    const length = Math.min(pageSize - inPage, bytes.length - done)
    const number = Math.floor(at / pageSize)
    const page = tables.page(number)!
    const part = bytes.subarray(done, done + length)
    if (write) page.bytes.set(part, inPage)
    else if (page.touched && !(tables.bits(number) & PTE.ZERO)) part.set(page.bytes.subarray(inPage, inPage + length))
    else part.fill(0)
    done += length
  }
  return { done: bytes.length, fault: undefined, waitsFor: undefined }
}

function reasonOf(mm: Mm, address: number, code: number, write: boolean): FaultReason {
  const vma = mm.tree.lookup(address)
  switch (code) {
    case FAULT_RESULT.NOT_MAPPED:
      // At a guard the signal is that of unmapped memory, although there is an area.
      return vma === undefined ? 'unmapped' : 'no-access'
    case FAULT_RESULT.NOT_PERMITTED:
      return write && vma !== undefined && vma.flags & VM_FLAG.READ ? 'read-only' : 'no-access'
    case FAULT_RESULT.POISONED:
      return 'poisoned'
    case FAULT_RESULT.NO_PAGE:
      return vma !== undefined && hasDriverFor(vma, address) ? 'driver' : 'past-end-of-file'
    default:
      return 'no-access'
  }
}

/** Whether the page belongs to a device and does not lie past its end. */
function hasDriverFor({ mm, file, start, pgoff }: Vma, address: number): boolean {
  return file?.inode.driver !== undefined && pgoff + Math.floor((address - start) / mm.pageSize) < file.inode.length
}
