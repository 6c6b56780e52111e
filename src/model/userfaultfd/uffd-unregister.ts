import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import type { Uffd } from '../structs/uffd.js'
import type { Vma } from '../structs/vma.js'
import { canUserfault } from './can-userfault.js'
import { uffdClear } from './uffd-clear.js'
import { uffdRange } from './uffd-range.js'

/** `userfaultfd_unregister` */
export function uffdUnregister(uffd: Uffd, start: number, length: number): number {
  const { tree } = uffd.mm
  const refused = uffdRange(uffd.mm, start, length)
  if (refused !== 0) return refused
  if (uffd.mm.users === 0) return ERRNO_RESULT.ENOMEM
  const end = start + length
  const first = tree.intersection(start, end)
  if (first === undefined) return ERRNO_RESULT.EINVAL
  for (let vma: Vma | undefined = first; vma !== undefined && vma.start < end; vma = tree.next(vma)) {
    if (vma.uffd !== undefined && vma.uffd !== uffd) return ERRNO_RESULT.EINVAL
    if (!canUserfault(vma, vma.flags, uffd.has('WP_ASYNC'))) return ERRNO_RESULT.EINVAL
  }
  let previous = first.start < start ? first : tree.previous(first)
  for (let vma: Vma | undefined = first; vma !== undefined && vma.start < end; vma = tree.next(vma)) {
    if (vma.uffd !== undefined) {
      const from = Math.max(vma.start, start)
      const to = Math.min(vma.end, end)
      const changed = uffdClear(vma, previous, from, to)
      if (typeof changed === 'number') return changed
      uffd.wake(from, to)
      vma = changed
    }
    previous = vma
  }
  return 0
}
