import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { linkVma } from '../areas/link-vma.js'
import { mergeNewRange } from '../areas/merge-new-range.js'
import { MergeRequest } from '../areas/merge-request.js'
import { newVma } from '../areas/new-vma.js'
import { UnmapPlan } from '../areas/unmap-plan.js'
import { callMmapHook } from '../hooks/call-mmap-hook.js'
import type { Mm } from '../structs/mm.js'
import { OpenFile } from '../structs/open-file.js'
import { VM_FLAG } from '../structs/vm-flag.js'

/** `mmap_region`: maps a range whose address and flags are decided, and unmaps what is mapped there. Returns the address or an error. */
export function mmapRegion(
  mm: Mm,
  file: OpenFile | undefined,
  address: number,
  size: number,
  wantedFlags: number,
  pgoff: number,
): number {
  const { tree, machine } = mm
  const end = address + size
  const pages = size / mm.pageSize
  let flags = wantedFlags

  // __mmap_prepare
  const first = tree.intersection(address, end)
  const plan = first === undefined ? undefined : new UnmapPlan(mm, address, end)
  if (plan !== undefined) {
    const error = plan.gather(first!)
    if (error !== 0) return error
  }
  if (!mm.mayExpand(flags, pages - (plan?.pages ?? 0))) return ERRNO_RESULT.ENOMEM
  let charged = 0
  let replaced = 0
  if ((flags & (VM_FLAG.NORESERVE | VM_FLAG.SHARED | VM_FLAG.WRITE)) === VM_FLAG.WRITE) {
    replaced = plan?.accounted ?? 0
    charged = pages - replaced
    if (charged !== 0 && !mm.charge(charged)) return ERRNO_RESULT.ENOMEM
    if (plan !== undefined) plan.accounted = 0
    flags |= VM_FLAG.ACCOUNT
  }
  // Unmap the old areas before a driver's hook runs, so that its failure leaves a hole.
  plan?.complete()

  const request = new MergeRequest(mm, address, end, pgoff, flags)
  request.file = file
  request.next = tree.find(address)
  request.previous = tree.before(address)
  let vma = mergeNewRange(request)
  if (vma === undefined) {
    // __mmap_new_vma
    vma = newVma(mm, address, end, pgoff, flags, file?.get())
    if (file !== undefined) {
      const error = file.inode.operations === undefined ? 0 : callMmapHook(vma)
      if (error !== 0) {
        file.put()
        machine.uncharge(charged)
        // The charge of the old areas is returned only when the new one is unmapped (seen in Committed_AS on Linux 6.18).
        machine.strayCommitted += replaced
        return error
      }
    } else if (flags & VM_FLAG.SHARED) {
      const inode = machine.sharedMemory(size, !(flags & VM_FLAG.NORESERVE))
      if (inode === undefined) {
        machine.uncharge(charged)
        return ERRNO_RESULT.ENOMEM
      }
      vma.file = new OpenFile(inode, true, true)
    }
    linkVma(vma)
  }

  // __mmap_complete
  mm.account(vma.flags, pages)
  if (vma.flags & VM_FLAG.LOCKED) {
    if (vma.flags & (VM_FLAG.SPECIAL | VM_FLAG.DROPPABLE)) vma.flags &= ~VM_FLAG.LOCKED_MASK
    else mm.locked += pages
  }
  return address
}
