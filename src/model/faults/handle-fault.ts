import { expandDownwards } from '../areas/expand-downwards.js'
import { ACCESS } from '../structs/access.js'
import { FAULT_RESULT } from '../structs/fault-result.js'
import type { Mm } from '../structs/mm.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import { faultIn } from './fault-in.js'

/** `do_user_addr_fault` of x86-64: an access of a program at `address`. Returns one of `FAULT_RESULT`. */
export function handleFault(mm: Mm, address: number, access: number): number {
  const vma = mm.tree.find(address)
  if (vma === undefined) return FAULT_RESULT.NOT_MAPPED
  if (vma.start > address) {
    if (!(vma.flags & VM_FLAG.GROWSDOWN) || expandDownwards(vma, address) !== 0) return FAULT_RESULT.NOT_MAPPED
  }
  // access_error
  const { flags } = vma
  if (flags & VM_FLAG.EXECUTE_ONLY && access !== ACCESS.EXECUTE) return FAULT_RESULT.PROTECTION_KEY
  if (access === ACCESS.WRITE ? !(flags & VM_FLAG.WRITE) : !(flags & VM_FLAG.ACCESS)) return FAULT_RESULT.NOT_PERMITTED
  const result = faultIn(vma, address, access === ACCESS.WRITE)
  // The processor fetches only when the page is present, and faults again.
  return result === FAULT_RESULT.DONE && access === ACCESS.EXECUTE && !(flags & VM_FLAG.EXEC)
    ? FAULT_RESULT.NOT_PERMITTED
    : result
}
