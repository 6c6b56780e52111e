import { PROT } from '../vocabulary/prot.js'
import { BIT } from './bit.js'
import { FAILURE } from './failure.js'
import type { Mm } from './mm.js'
import { modifyVma } from './modify-vma.js'
import { populateVma } from './populate-vma.js'
import type { Vma } from './vma.js'

/** `do_mprotect_pkey`: changes VMA by VMA; what was changed before a failure stays changed. */
export function mprotect(mm: Mm, address: number, length: number, protection: number): number {
  const grows = protection & (PROT.GROWSDOWN | PROT.GROWSUP)
  const wanted = protection & ~(PROT.GROWSDOWN | PROT.GROWSUP)
  if (grows === (PROT.GROWSDOWN | PROT.GROWSUP)) return FAILURE.EINVAL
  if (address % mm.pageSize !== 0) return FAILURE.EINVAL
  if (length === 0) return 0
  const end = address + mm.roundUp(length)
  if (end >= 2 ** 64) return FAILURE.ENOMEM
  if (wanted & ~(PROT.READ | PROT.WRITE | PROT.EXEC | PROT.SEM)) return FAILURE.EINVAL

  let vma = mm.tree.intersection(address, end)
  if (vma === undefined) return FAILURE.ENOMEM
  let start = address
  if (grows & PROT.GROWSDOWN) {
    start = vma.start
    if (!(vma.flags & BIT.GROWSDOWN)) return FAILURE.EINVAL
  } else {
    if (vma.start > start) return FAILURE.ENOMEM
    if (grows & PROT.GROWSUP) return FAILURE.EINVAL
  }

  let previous = start > vma.start ? vma : mm.tree.previous(vma)
  for (let at = start; at < end; ) {
    if (vma === undefined || vma.start > at) return FAILURE.ENOMEM
    const access = (wanted & BIT.ACCESS) | keyFor(vma, wanted)
    const flags = (vma.flags & ~(BIT.ACCESS | BIT.EXECUTE_ONLY)) | access
    // Each access flag has its may-flag four bits above.
    if (flags & ~(flags >> 4) & BIT.ACCESS) return FAILURE.EACCES
    const to = Math.min(vma.end, end)
    const changed = fixup(vma, previous, at, to, flags)
    if (typeof changed === 'number') return changed
    previous = changed
    at = Math.max(to, changed.end)
    vma = mm.tree.find(at)
  }
  return 0
}

/** `__arch_override_mprotect_pkey`: memory that may only be executed gets a key of its own, and loses it with that. */
function keyFor(vma: Vma, protection: number): number {
  return protection === PROT.EXEC && vma.mm.machine.protectionKeys ? BIT.EXECUTE_ONLY : 0
}

/** `mprotect_fixup`: returns the VMA that has the range now, or an error. */
function fixup(vma: Vma, previous: Vma | undefined, start: number, end: number, wanted: number): Vma | number {
  const { mm } = vma
  const before = vma.flags
  const pages = (end - start) / mm.pageSize
  let flags = wanted
  if (vma.sealed) return FAILURE.EPERM
  if (flags === before) return vma
  let charged = 0
  if (flags & BIT.WRITE) {
    if (!mm.mayExpand(flags, pages) && mm.mayExpand(before, pages)) return FAILURE.ENOMEM
    if (!(before & (BIT.ACCOUNT | BIT.WRITE | BIT.SHARED | BIT.NORESERVE))) {
      if (!mm.charge(pages)) return FAILURE.ENOMEM
      charged = pages
      flags |= BIT.ACCOUNT
    }
  } else if (before & BIT.ACCOUNT && vma.file === undefined && vma.anonVma === undefined) {
    flags &= ~BIT.ACCOUNT
  }
  const changed = modifyVma(vma, previous, start, end, flags)
  if (typeof changed === 'number') {
    mm.machine.uncharge(charged)
    return changed
  }
  changed.flags = flags | (changed.flags & BIT.STICKY)
  if (before & BIT.ACCOUNT && !(flags & BIT.ACCOUNT)) mm.machine.uncharge(pages)
  if ((before & (BIT.WRITE | BIT.SHARED | BIT.LOCKED)) === BIT.LOCKED && flags & BIT.WRITE) {
    populateVma(changed, start, end)
  }
  mm.account(before, -pages)
  mm.account(flags, pages)
  return changed
}
