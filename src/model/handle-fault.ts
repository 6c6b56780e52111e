import { ACCESS } from './access.js'
import { BIT } from './bit.js'
import { expandDownwards } from './expand-downwards.js'
import { FAULT } from './fault-code.js'
import { faultIn } from './fault-in.js'
import type { Mm } from './mm.js'

/** `do_user_addr_fault` of x86-64: an access of a program at `address`. Returns one of `FAULT`. */
export function handleFault(mm: Mm, address: number, access: number): number {
  const vma = mm.tree.find(address)
  if (vma === undefined) return FAULT.NOT_MAPPED
  if (vma.start > address) {
    if (!(vma.flags & BIT.GROWSDOWN) || expandDownwards(vma, address) !== 0) return FAULT.NOT_MAPPED
  }
  // access_error
  const { flags } = vma
  if (flags & BIT.EXECUTE_ONLY && access !== ACCESS.EXECUTE) return FAULT.PROTECTION_KEY
  if (access === ACCESS.WRITE ? !(flags & BIT.WRITE) : !(flags & BIT.ACCESS)) return FAULT.NOT_PERMITTED
  const result = faultIn(vma, address, access === ACCESS.WRITE)
  // The processor fetches only once the page is there, and faults again.
  return result === FAULT.DONE && access === ACCESS.EXECUTE && !(flags & BIT.EXEC) ? FAULT.NOT_PERMITTED : result
}
