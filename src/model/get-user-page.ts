import { FAILURE } from './failure.js'
import { FAULT } from './fault-code.js'
import { faultIn } from './fault-in.js'
import type { Vma } from './vma.js'

/** `faultin_page`: one page for the kernel itself. Faults become errors instead of signals. */
export function getUserPage(vma: Vma, address: number, write: boolean): number {
  switch (faultIn(vma, address, write)) {
    case FAULT.DONE:
      return 0
    case FAULT.WAITS:
      return FAILURE.EAGAIN
    case FAULT.POISONED:
      return FAILURE.EHWPOISON
    default:
      return FAILURE.EFAULT
  }
}
