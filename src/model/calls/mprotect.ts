import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { PROT } from '../../vocabulary/prot.js'
import { modifyVma } from '../areas/modify-vma.js'
import { populateVma } from '../faults/populate-vma.js'
import type { Mm } from '../structs/mm.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

/** `do_mprotect_pkey`: changes one VMA after the other; the changes before a failure stay. */
export function mprotect(mm: Mm, address: number, length: number, protection: number): number {
  const grows = protection & (PROT.GROWSDOWN | PROT.GROWSUP)
  const wanted = protection & ~(PROT.GROWSDOWN | PROT.GROWSUP)
  if (grows === (PROT.GROWSDOWN | PROT.GROWSUP)) return ERRNO_RESULT.EINVAL
  if (address % mm.pageSize !== 0) return ERRNO_RESULT.EINVAL
  if (length === 0) return 0
  const end = address + mm.roundUp(length)
  if (end <= address || end >= 2 ** 64) return ERRNO_RESULT.ENOMEM
  if (wanted & ~(PROT.READ | PROT.WRITE | PROT.EXEC | PROT.SEM)) return ERRNO_RESULT.EINVAL

  let vma = mm.tree.intersection(address, end)
  if (vma === undefined) return ERRNO_RESULT.ENOMEM
  let start = address
  if (grows & PROT.GROWSDOWN) {
    start = vma.start
    if (!(vma.flags & VM_FLAG.GROWSDOWN)) return ERRNO_RESULT.EINVAL
  } else {
    if (vma.start > start) return ERRNO_RESULT.ENOMEM
    if (grows & PROT.GROWSUP) return ERRNO_RESULT.EINVAL
  }

  let previous = start > vma.start ? vma : mm.tree.previous(vma)
  for (let at = start; at < end; ) {
    if (vma === undefined || vma.start > at) return ERRNO_RESULT.ENOMEM
    const access = (wanted & VM_FLAG.ACCESS) | keyFor(vma, wanted)
    const flags = (vma.flags & ~(VM_FLAG.ACCESS | VM_FLAG.EXECUTE_ONLY)) | access
    // Each access flag has its may-flag four bits above.
    if (flags & ~(flags >> 4) & VM_FLAG.ACCESS) return ERRNO_RESULT.EACCES
    const to = Math.min(vma.end, end)
    const changed = fixup(vma, previous, at, to, flags)
    if (typeof changed === 'number') return changed
    previous = changed
    at = Math.max(to, changed.end)
    vma = mm.tree.find(at)
  }
  return 0
}

/** `__arch_override_mprotect_pkey`: memory that may only be executed has a protection key of its own, and loses it when that changes. */
function keyFor(vma: Vma, protection: number): number {
  return protection === PROT.EXEC && vma.mm.machine.protectionKeys ? VM_FLAG.EXECUTE_ONLY : 0
}

/** `mprotect_fixup`: returns the VMA that has the range now, or an error. */
function fixup(vma: Vma, previous: Vma | undefined, start: number, end: number, wanted: number): Vma | number {
  const { mm } = vma
  const before = vma.flags
  const pages = (end - start) / mm.pageSize
  let flags = wanted
  if (vma.sealed) return ERRNO_RESULT.EPERM
  if (flags === before) return vma
  let charged = 0
  if (flags & VM_FLAG.WRITE) {
    if (!mm.mayExpand(flags, pages) && mm.mayExpand(before, pages)) return ERRNO_RESULT.ENOMEM
    if (!(before & (VM_FLAG.ACCOUNT | VM_FLAG.WRITE | VM_FLAG.SHARED | VM_FLAG.NORESERVE))) {
      if (!mm.charge(pages)) return ERRNO_RESULT.ENOMEM
      charged = pages
      flags |= VM_FLAG.ACCOUNT
    }
  } else if (before & VM_FLAG.ACCOUNT && vma.file === undefined && vma.anonVma === undefined) {
    flags &= ~VM_FLAG.ACCOUNT
  }
  const changed = modifyVma(vma, previous, start, end, flags)
  if (typeof changed === 'number') {
    mm.machine.uncharge(charged)
    return changed
  }
  changed.flags = flags | (changed.flags & VM_FLAG.STICKY)
  if (before & VM_FLAG.ACCOUNT && !(flags & VM_FLAG.ACCOUNT)) mm.machine.uncharge(pages)
  if ((before & (VM_FLAG.WRITE | VM_FLAG.SHARED | VM_FLAG.LOCKED)) === VM_FLAG.LOCKED && flags & VM_FLAG.WRITE) {
    populateVma(changed, start, end)
  }
  mm.account(before, -pages)
  mm.account(flags, pages)
  return changed
}
