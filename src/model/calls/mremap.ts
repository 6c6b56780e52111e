import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { MAP } from '../../vocabulary/map.js'
import { MREMAP } from '../../vocabulary/mremap.js'
import { copyVma } from '../areas/copy-vma.js'
import { mergeNewRange } from '../areas/merge-new-range.js'
import { MergeRequest } from '../areas/merge-request.js'
import { unmappedArea } from '../areas/unmapped-area.js'
import { populate } from '../faults/populate.js'
import { maySplit } from '../hooks/may-split.js'
import { movePageTables } from '../pages/move-page-tables.js'
import type { Mm } from '../structs/mm.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { munmap } from './munmap.js'

/** `struct vma_remap_struct`: one mremap(2), or one VMA's part of it. */
interface Remap {
  readonly mm: Mm
  readonly flags: number
  /** `uf_unmap`: the unmap events, which are sent after the event of the move. */
  readonly unmapped: (() => void)[]
  address: number
  oldLength: number
  newLength: number
  newAddress: number
}

/** `do_mremap` of Linux 6.17 and later, which checks before it changes anything. Returns the new address or an error. */
export function mremap(
  mm: Mm,
  address: number,
  oldLength: number,
  newLength: number,
  flags: number,
  newAddress: number,
): number {
  const remap: Remap = {
    mm,
    flags,
    unmapped: [],
    address,
    oldLength: mm.roundUp(oldLength),
    newLength: mm.roundUp(newLength),
    newAddress,
  }
  const refused = checkParameters(remap)
  if (refused !== 0) return refused
  const result = flags & MREMAP.FIXED && remap.oldLength === remap.newLength ? moveAll(remap) : changeOne(remap)
  // notify_uffd: runs whether the move succeeded or not.
  for (const tell of remap.unmapped) tell()
  return result
}

/** A call that also resizes must lie within one VMA. */
function changeOne(remap: Remap): number {
  const { mm, flags, address } = remap
  const vma = mm.tree.lookup(address)
  const error = checkVma(remap, vma)
  if (error !== 0) return error
  const populates = remap.newLength > remap.oldLength && (vma!.flags & VM_FLAG.LOCKED) !== 0
  const result = flags & (MREMAP.FIXED | MREMAP.DONTUNMAP) ? remapTo(remap, vma!) : remapAt(remap, vma!)
  if (result >= 0 && populates) populate(mm, result + remap.oldLength, result + remap.newLength, true)
  return result
}

/** `check_mremap_params` */
function checkParameters({ mm, flags, address, oldLength, newLength, newAddress }: Remap): number {
  const { taskSize, maxMapCount } = mm.machine
  if (flags & ~(MREMAP.FIXED | MREMAP.MAYMOVE | MREMAP.DONTUNMAP)) return ERRNO_RESULT.EINVAL
  if (address % mm.pageSize !== 0 || newLength === 0 || newLength > taskSize) return ERRNO_RESULT.EINVAL
  if (!(flags & (MREMAP.FIXED | MREMAP.DONTUNMAP))) return 0
  if (newAddress > taskSize - newLength || newAddress % mm.pageSize !== 0) return ERRNO_RESULT.EINVAL
  if (!(flags & MREMAP.MAYMOVE)) return ERRNO_RESULT.EINVAL
  if (flags & MREMAP.DONTUNMAP && oldLength !== newLength) return ERRNO_RESULT.EINVAL
  if ((address + oldLength) % 2 ** 64 > newAddress && newAddress + newLength > address) return ERRNO_RESULT.EINVAL
  if (mm.tree.size + 2 >= maxMapCount - 3) return ERRNO_RESULT.ENOMEM
  return 0
}

/** `check_prep_vma` */
function checkVma(remap: Remap, vma: Vma | undefined): number {
  const { mm, flags, address, newLength } = remap
  if (vma === undefined) return ERRNO_RESULT.EFAULT
  if (vma.sealed) return ERRNO_RESULT.EPERM
  const places = flags & (MREMAP.FIXED | MREMAP.DONTUNMAP)
  if (!places) remap.newAddress = address
  let { oldLength } = remap
  if (!places && newLength <= oldLength) return 0
  if (oldLength === 0 && !(vma.flags & (VM_FLAG.SHARED | VM_FLAG.MAYSHARE))) return ERRNO_RESULT.EINVAL
  if (flags & MREMAP.DONTUNMAP && vma.flags & (VM_FLAG.DONTEXPAND | VM_FLAG.PFNMAP)) return ERRNO_RESULT.EINVAL
  if (oldLength > newLength) oldLength = newLength
  if (oldLength > vma.end - address) return ERRNO_RESULT.EFAULT
  if (newLength === oldLength) return 0
  if (vma.flags & (VM_FLAG.DONTEXPAND | VM_FLAG.PFNMAP)) return ERRNO_RESULT.EFAULT
  const delta = newLength - oldLength
  if (!mm.mayLockMore(vma.flags, delta)) return ERRNO_RESULT.EAGAIN
  if (!mm.mayExpand(vma.flags, delta / mm.pageSize)) return ERRNO_RESULT.ENOMEM
  return 0
}

/** `remap_move`: a pure move, which may span several VMAs and keeps the gaps between them. */
function moveAll(remap: Remap): number {
  const { mm } = remap
  const start = remap.address
  const end = start + remap.oldLength
  let target = remap.newAddress
  let result: number = ERRNO_RESULT.EFAULT
  let lastEnd = -1
  for (let vma = mm.tree.intersection(start, end); vma !== undefined; vma = mm.tree.intersection(lastEnd, end)) {
    const seen = lastEnd !== -1
    if (!seen && start < vma.start) return ERRNO_RESULT.EFAULT
    const address = Math.max(vma.start, start)
    const length = Math.min(end, vma.end) - address
    const offset = seen ? vma.start - lastEnd : 0
    lastEnd = vma.end
    remap.address = address
    remap.newAddress = target + offset
    remap.oldLength = length
    remap.newLength = length
    // vma_multi_allowed: a driver that chooses addresses might choose another one.
    const alone = vma.uffd !== undefined || vma.file?.inode.operations?.getUnmappedArea !== undefined
    if (alone && (seen || vma.end < end)) return ERRNO_RESULT.EFAULT
    let moved = checkVma(remap, vma)
    if (moved === 0) moved = remapTo(remap, vma)
    if (moved < 0) return moved
    if (!seen) result = moved
    target = moved + length
    if (lastEnd >= end) break
  }
  return result
}

/** `mremap_to`: to a new address, which `MREMAP_FIXED` clears first. */
function remapTo(remap: Remap, source: Vma): number {
  const { mm, flags } = remap
  let vma: Vma | undefined = source
  if (flags & MREMAP.FIXED) {
    const error = munmap(mm, remap.newAddress, remap.newLength)
    if (error !== 0) return error
    vma = mm.tree.lookup(remap.address)
    if (vma === undefined) return ERRNO_RESULT.EFAULT
  }
  if (remap.oldLength > remap.newLength) {
    const error = munmap(mm, remap.address + remap.newLength, remap.oldLength - remap.newLength, remap.unmapped)
    if (error !== 0) return error
    vma = mm.tree.lookup(remap.address)
    if (vma === undefined) return ERRNO_RESULT.EFAULT
    remap.oldLength = remap.newLength
  }
  if (flags & MREMAP.DONTUNMAP && !mm.mayExpand(vma.flags, remap.oldLength / mm.pageSize)) return ERRNO_RESULT.ENOMEM
  const error = setNewAddress(remap, vma)
  return error === 0 ? move(remap, vma) : error
}

/** `mremap_at`: resizes in place where possible, else moves. */
function remapAt(remap: Remap, vma: Vma): number {
  const { mm, address, oldLength, newLength } = remap
  if (oldLength === newLength) return address
  if (oldLength < newLength) return expand(remap, vma)
  const error = munmap(mm, address + newLength, oldLength - newLength)
  return error === 0 ? address : error
}

/** `vrm_set_new_addr` */
function setNewAddress(remap: Remap, vma: Vma): number {
  const places = remap.flags & (MREMAP.FIXED | MREMAP.DONTUNMAP)
  const mapFlags = (remap.flags & MREMAP.FIXED ? MAP.FIXED : 0) | (vma.flags & VM_FLAG.MAYSHARE ? MAP.SHARED : 0)
  const plain = vma.file === undefined && !(vma.flags & VM_FLAG.MAYSHARE)
  const pgoff = vma.pgoff + (remap.address - vma.start) / remap.mm.pageSize
  const found = unmappedArea(remap.mm, places ? remap.newAddress : 0, remap.newLength, mapFlags, plain, vma.file, pgoff)
  if (found < 0) return found
  remap.newAddress = found
  return 0
}

/** `expand_vma`: grows in place if the range above is free, else by moving. */
function expand(remap: Remap, vma: Vma): number {
  const { mm, address } = remap
  const delta = remap.newLength - remap.oldLength
  if (vma.end - address === remap.oldLength && isExpandable(vma, delta)) {
    if (vma.flags & VM_FLAG.ACCOUNT && !mm.charge(delta / mm.pageSize)) return ERRNO_RESULT.ENOMEM
    // vma_merge_extend
    const request = MergeRequest.of(vma, vma.end, vma.end + delta)
    request.middle = undefined
    request.previous = vma
    request.next = mm.tree.next(vma)
    const merged = mergeNewRange(request)
    if (merged === undefined) {
      if (vma.flags & VM_FLAG.ACCOUNT) mm.machine.uncharge(delta / mm.pageSize)
      return ERRNO_RESULT.ENOMEM
    }
    mm.account(merged.flags, delta / mm.pageSize)
    if (merged.flags & VM_FLAG.LOCKED) mm.locked += delta / mm.pageSize
    return address
  }
  if (!(remap.flags & MREMAP.MAYMOVE)) return ERRNO_RESULT.ENOMEM
  const error = setNewAddress(remap, vma)
  return error === 0 ? move(remap, vma) : error
}

/** `vma_expandable` */
function isExpandable({ mm, start, end }: Vma, delta: number): boolean {
  if (mm.tree.intersection(end, end + delta) !== undefined) return false
  return unmappedArea(mm, start, end + delta - start, MAP.FIXED, false) >= 0
}

/** `move_vma` */
function move(remap: Remap, source: Vma): number {
  const { mm, flags, address, oldLength, newLength, newAddress } = remap
  if (mm.tree.size >= mm.machine.maxMapCount - 3) return ERRNO_RESULT.ENOMEM
  // prep_move_vma
  const refused =
    (source.start !== address ? maySplit(source, address) : 0) ||
    (source.end !== address + oldLength ? maySplit(source, address + oldLength) : 0)
  if (refused !== 0) return refused
  const keeps = (flags & MREMAP.DONTUNMAP) !== 0
  const charged = source.flags & VM_FLAG.ACCOUNT ? (keeps ? newLength : newLength - oldLength) / mm.pageSize : 0
  if (charged !== 0 && !mm.charge(charged)) return ERRNO_RESULT.ENOMEM

  const copied = copyVma(source, address, newAddress, newLength)
  const vma = copied.source
  movePageTables(vma, address, newAddress, oldLength)
  vma.uffd?.remapped(copied.target, address, newAddress, oldLength)

  mm.account(vma.flags, newLength / mm.pageSize)
  if (vma.flags & VM_FLAG.LOCKED) mm.locked += newLength / mm.pageSize
  if (keeps) {
    // dontunmap_complete
    if (vma.flags & VM_FLAG.LOCKED) mm.strayLocked += (vma.end - vma.start) / mm.pageSize
    vma.flags &= ~VM_FLAG.LOCKED_MASK
    if (copied.target !== vma && address === vma.start && address + oldLength === vma.end) {
      vma.anonVma = undefined
      vma.chain = 0
    }
  } else {
    unmapSource(vma, address, oldLength, remap.unmapped)
  }
  return newAddress
}

/** `unmap_source_vma`: the moved memory is charged already, so unmapping its old range must not return the charge. */
function unmapSource(vma: Vma, address: number, length: number, later: (() => void)[]): void {
  const { mm, start, end } = vma
  const accounted = (vma.flags & VM_FLAG.ACCOUNT) !== 0
  if (accounted) vma.flags &= ~VM_FLAG.ACCOUNT
  munmap(mm, address, length, later)
  if (!accounted) return
  if (start < address) mm.tree.before(address)!.flags |= VM_FLAG.ACCOUNT
  if (end > address + length) mm.tree.find(address + length)!.flags |= VM_FLAG.ACCOUNT
}
