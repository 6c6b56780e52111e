import { UFFD_MODE } from '../vocabulary/uffd-mode.js'
import { BIT } from './bit.js'
import { canUserfault } from './can-userfault.js'
import { FAILURE } from './failure.js'
import { modifyVma } from './modify-vma.js'
import type { Uffd } from './uffd.js'
import { uffdRange } from './uffd-range.js'
import type { Vma } from './vma.js'

/** `userfaultfd_register`: 0 or an error. Holes in the range are no matter. */
export function uffdRegister(uffd: Uffd, start: number, length: number, mode: number): number {
  const { tree } = uffd.mm
  const bits =
    (mode & UFFD_MODE.MISSING ? BIT.UFFD_MISSING : 0) |
    (mode & UFFD_MODE.WP ? BIT.UFFD_WP : 0) |
    (mode & UFFD_MODE.MINOR ? BIT.UFFD_MINOR : 0)
  if (mode === 0 || mode & ~(UFFD_MODE.MISSING | UFFD_MODE.WP | UFFD_MODE.MINOR)) return FAILURE.EINVAL
  const refused = uffdRange(uffd.mm, start, length)
  if (refused !== 0) return refused
  if (uffd.mm.users === 0) return FAILURE.ENOMEM
  const end = start + length
  const first = tree.intersection(start, end)
  if (first === undefined) return FAILURE.EINVAL
  for (let vma: Vma | undefined = first; vma !== undefined && vma.start < end; vma = tree.next(vma)) {
    if (!canUserfault(vma, bits, uffd.has('WP_ASYNC'))) return FAILURE.EINVAL
    if (!(vma.flags & BIT.MAYWRITE)) return FAILURE.EPERM
    if (vma.uffd !== undefined && vma.uffd !== uffd) return FAILURE.EBUSY
  }
  let previous = first.start < start ? first : tree.previous(first)
  for (let vma: Vma | undefined = first; vma !== undefined && vma.start < end; vma = tree.next(vma)) {
    if (vma.uffd !== uffd || (vma.flags & bits) !== bits) {
      const flags = (vma.flags & ~BIT.UFFD) | bits
      const changed = modifyVma(vma, previous, Math.max(vma.start, start), Math.min(vma.end, end), flags, uffd)
      if (typeof changed === 'number') return changed
      changed.flags = flags | (changed.flags & BIT.STICKY)
      changed.uffd = uffd
      vma = changed
    }
    previous = vma
  }
  return 0
}
