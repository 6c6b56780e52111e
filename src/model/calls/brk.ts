import { MAP } from '../../vocabulary/map.js'
import { linkVma } from '../areas/link-vma.js'
import { mergeNewRange } from '../areas/merge-new-range.js'
import { MergeRequest } from '../areas/merge-request.js'
import { newVma } from '../areas/new-vma.js'
import { startGap } from '../areas/start-gap.js'
import { unmappedArea } from '../areas/unmapped-area.js'
import { populate } from '../faults/populate.js'
import type { Mm } from '../structs/mm.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import { munmap } from './munmap.js'

/** brk(2), the system call: returns the new break, or the old one on every failure. */
export function brk(mm: Mm, address: number): number {
  if (address < mm.startBreak) return mm.break
  if (address - mm.startBreak > mm.limits.data) return mm.break
  const from = mm.roundUp(mm.break)
  const to = mm.roundUp(address)
  if (from === to) {
    mm.break = address
    return address
  }
  // PAGE_ALIGN wraps in the last page.
  if (to < from && address > mm.break) return mm.break
  if (address <= mm.break) {
    const vma = mm.tree.find(to)
    if (vma === undefined || vma.start >= from) return mm.break
    if (munmap(mm, to, from - to) !== 0) return mm.break
    mm.break = address
    return address
  }
  if (unmappedArea(mm, from, to - from, MAP.FIXED, false) < 0) return mm.break
  if (!mm.mayLockMore(mm.defaultFlags, to - from)) return mm.break
  const next = mm.tree.find(from)
  if (next !== undefined && to + mm.pageSize > startGap(next)) return mm.break
  if (!grow(mm, from, to)) return mm.break
  mm.break = address
  if (mm.defaultFlags & VM_FLAG.LOCKED) populate(mm, from, to, true)
  return address
}

/** `do_brk_flags` */
function grow(mm: Mm, from: number, to: number): boolean {
  const { pageSize, tree, machine } = mm
  const pages = (to - from) / pageSize
  const flags =
    VM_FLAG.READ |
    VM_FLAG.WRITE |
    VM_FLAG.MAYREAD |
    VM_FLAG.MAYWRITE |
    VM_FLAG.MAYEXEC |
    VM_FLAG.ACCOUNT |
    mm.defaultFlags
  if (!mm.mayExpand(flags, pages) || tree.size > machine.maxMapCount || !mm.charge(pages)) return false
  const request = new MergeRequest(mm, from, to, from / pageSize, flags)
  request.justExpand = true
  const previous = tree.before(from)
  if (previous !== undefined && previous.start >= mm.startBreak) request.previous = previous
  if (mergeNewRange(request) === undefined) linkVma(newVma(mm, from, to, from / pageSize, flags, undefined))
  mm.total += pages
  mm.data += pages
  if (flags & VM_FLAG.LOCKED) mm.locked += pages
  return true
}
