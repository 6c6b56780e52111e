import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import type { Mm } from '../structs/mm.js'
import { PTE } from '../structs/pte.js'
import { VM_FLAG } from '../structs/vm-flag.js'

/**
 * `PAGEMAP_SCAN` for `PAGE_IS_WRITTEN` with `PM_SCAN_CHECK_WPASYNC`: adds the runs of pages in `[start, end)` that a userfaultfd does not
 * write-protect to `runs`, and with `reset` protects them. Returns 0 or an error. Pages that were never touched count as written until they
 * are protected.
 */
export function writtenPages(
  mm: Mm,
  start: number,
  end: number,
  reset: boolean,
  runs: { start: number; end: number }[],
): number {
  const { tree, tables, pageSize } = mm
  if (start % pageSize !== 0) return ERRNO_RESULT.EINVAL
  if (end < start || end > mm.machine.taskSize) return ERRNO_RESULT.EFAULT
  if (start === end) return 0
  const last = mm.roundUp(end) / pageSize
  for (let vma = tree.find(start); vma !== undefined && vma.start < end; vma = tree.next(vma)) {
    // pagemap_scan_test_walk
    if (!(vma.flags & VM_FLAG.UFFD_WP) || !vma.uffd!.has('WP_ASYNC')) return ERRNO_RESULT.EPERM
    if (vma.flags & VM_FLAG.PFNMAP) continue
    const to = Math.min(vma.end / pageSize, last)
    for (let page = Math.max(vma.start, start) / pageSize; page < to; page++) {
      const bits = tables.bits(page)
      if (bits & PTE.UFFD_WP) continue
      const run = runs.at(-1)
      if (run?.end === page * pageSize) run.end += pageSize
      else runs.push({ start: page * pageSize, end: (page + 1) * pageSize })
      // make_uffd_wp_pte
      if (reset) tables.setBits(page, (bits | PTE.UFFD_WP) & ~PTE.WRITE)
    }
  }
  return 0
}
