import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

/**
 * `check_vma_flags` of `mm/gup.c`, for a process's own memory: whether the kernel may fault in the pages of an area. `force` is
 * `FOLL_FORCE`: it may read pages that the process itself may not read. Returns 0 or `EFAULT`.
 *
 * The kernel's accesses count as reads and writes of data, so the key of execute-only memory refuses them, forced or not
 * (`arch_vma_access_permitted`).
 */
export function checkVmaFlags({ flags }: Vma, write: boolean, force: boolean): number {
  if (flags & (VM_FLAG.IO | VM_FLAG.PFNMAP)) return ERRNO_RESULT.EFAULT
  const may = write ? VM_FLAG.WRITE : force ? VM_FLAG.READ | VM_FLAG.MAYREAD : VM_FLAG.READ
  if (!(flags & may)) return ERRNO_RESULT.EFAULT
  return flags & VM_FLAG.EXECUTE_ONLY ? ERRNO_RESULT.EFAULT : 0
}
