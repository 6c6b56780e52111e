import { anonVmaPrepare } from './anon-vma-prepare.js'
import { BIT } from './bit.js'
import { FAILURE } from './failure.js'
import type { Vma } from './vma.js'

/** `expand_downwards`, `acct_stack_growth`: grows a stack down to the page of `address`. Returns 0 or an error. */
export function expandDownwards(vma: Vma, address: number): number {
  const { mm } = vma
  const { tree, machine } = mm
  const start = address - (address % mm.pageSize)
  if (start < machine.mmapMinAddress) return FAILURE.EPERM
  const previous = tree.previous(vma)
  if (
    previous !== undefined &&
    !(previous.flags & BIT.GROWSDOWN) &&
    previous.flags & BIT.ACCESS &&
    start - previous.end < machine.stackGuardGap
  ) {
    return FAILURE.ENOMEM
  }
  anonVmaPrepare(vma)
  const pages = (vma.start - start) / mm.pageSize
  if (pages > vma.pgoff) return FAILURE.ENOMEM
  if (!mm.mayExpand(vma.flags, pages)) return FAILURE.ENOMEM
  if (vma.end - start > mm.limits.stack) return FAILURE.ENOMEM
  if (!mm.mayLockMore(vma.flags, vma.start - start)) return FAILURE.ENOMEM
  if (!mm.charge(pages)) return FAILURE.ENOMEM
  if (!(vma.flags & BIT.ACCOUNT)) machine.strayCommitted += pages
  if (vma.flags & BIT.LOCKED) mm.locked += pages
  mm.account(vma.flags, pages)
  vma.pgoff -= pages
  tree.resize(vma, start, vma.end)
  return 0
}
