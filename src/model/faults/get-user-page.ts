import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { FAULT_RESULT } from '../structs/fault-result.js'
import type { Vma } from '../structs/vma.js'
import { faultIn } from './fault-in.js'

/** `faultin_page`: one page for an access by the kernel. Faults become errors instead of signals. */
export function getUserPage(vma: Vma, address: number, write: boolean): number {
  switch (faultIn(vma, address, write)) {
    case FAULT_RESULT.DONE:
      return 0
    case FAULT_RESULT.WAITS:
      return ERRNO_RESULT.EAGAIN
    case FAULT_RESULT.POISONED:
      return ERRNO_RESULT.EHWPOISON
    default:
      return ERRNO_RESULT.EFAULT
  }
}
