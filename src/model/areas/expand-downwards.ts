import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { anonVmaPrepare } from './anon-vma-prepare.js'

/** `expand_downwards`, `acct_stack_growth`: grows a stack down to the page of `address`. Returns 0 or an error. */
export function expandDownwards(vma: Vma, address: number): number {
  const { mm } = vma
  const { tree, machine } = mm
  const start = address - (address % mm.pageSize)
  if (start < machine.lowestHint) return ERRNO_RESULT.EPERM
  const previous = tree.previous(vma)
  if (
    previous !== undefined &&
    !(previous.flags & VM_FLAG.GROWSDOWN) &&
    previous.flags & VM_FLAG.ACCESS &&
    start - previous.end < machine.stackGuardGap
  ) {
    return ERRNO_RESULT.ENOMEM
  }
  anonVmaPrepare(vma)
  const pages = (vma.start - start) / mm.pageSize
  if (pages > vma.pgoff) return ERRNO_RESULT.ENOMEM
  if (!mm.mayExpand(vma.flags, pages)) return ERRNO_RESULT.ENOMEM
  if (vma.end - start > mm.limits.stack) return ERRNO_RESULT.ENOMEM
  if (!mm.mayLockMore(vma.flags, vma.start - start)) return ERRNO_RESULT.ENOMEM
  if (!mm.charge(pages)) return ERRNO_RESULT.ENOMEM
  if (!(vma.flags & VM_FLAG.ACCOUNT)) machine.strayCommitted += pages
  if (vma.flags & VM_FLAG.LOCKED) mm.locked += pages
  mm.account(vma.flags, pages)
  vma.pgoff -= pages
  tree.resize(vma, start, vma.end)
  return 0
}
