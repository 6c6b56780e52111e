import { BIT } from './bit.js'
import { FAILURE } from './failure.js'
import type { Vma } from './vma.js'

/**
 * `check_vma_flags` of `mm/gup.c`, for a process's own memory: whether the kernel may fault the pages of an area in. `force` is
 * `FOLL_FORCE`: read what the process itself may not read. Returns 0 or `EFAULT`.
 *
 * The kernel's accesses count as reads and writes of data, so the key of execute-only memory refuses them, forced or not
 * (`arch_vma_access_permitted`).
 */
export function checkVmaFlags({ flags }: Vma, write: boolean, force: boolean): number {
  if (flags & (BIT.IO | BIT.PFNMAP)) return FAILURE.EFAULT
  const may = write ? BIT.WRITE : force ? BIT.READ | BIT.MAYREAD : BIT.READ
  if (!(flags & may)) return FAILURE.EFAULT
  return flags & BIT.EXECUTE_ONLY ? FAILURE.EFAULT : 0
}
