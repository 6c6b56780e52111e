import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { UFFD_MODE } from '../../vocabulary/uffd-mode.js'
import { modifyVma } from '../areas/modify-vma.js'
import type { Uffd } from '../structs/uffd.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { canUserfault } from './can-userfault.js'
import { uffdRange } from './uffd-range.js'

/** `userfaultfd_register`: registers a range. Returns 0 or an error. Holes in the range are allowed. */
export function uffdRegister(uffd: Uffd, start: number, length: number, mode: number): number {
  const { tree } = uffd.mm
  const bits =
    (mode & UFFD_MODE.MISSING ? VM_FLAG.UFFD_MISSING : 0) |
    (mode & UFFD_MODE.WP ? VM_FLAG.UFFD_WP : 0) |
    (mode & UFFD_MODE.MINOR ? VM_FLAG.UFFD_MINOR : 0)
  if (mode === 0 || mode & ~(UFFD_MODE.MISSING | UFFD_MODE.WP | UFFD_MODE.MINOR)) return ERRNO_RESULT.EINVAL
  const refused = uffdRange(uffd.mm, start, length)
  if (refused !== 0) return refused
  if (uffd.mm.users === 0) return ERRNO_RESULT.ENOMEM
  const end = start + length
  const first = tree.intersection(start, end)
  if (first === undefined) return ERRNO_RESULT.EINVAL
  for (let vma: Vma | undefined = first; vma !== undefined && vma.start < end; vma = tree.next(vma)) {
    if (!canUserfault(vma, bits, uffd.has('WP_ASYNC'))) return ERRNO_RESULT.EINVAL
    if (!(vma.flags & VM_FLAG.MAYWRITE)) return ERRNO_RESULT.EPERM
    if (vma.uffd !== undefined && vma.uffd !== uffd) return ERRNO_RESULT.EBUSY
  }
  let previous = first.start < start ? first : tree.previous(first)
  for (let vma: Vma | undefined = first; vma !== undefined && vma.start < end; vma = tree.next(vma)) {
    if (vma.uffd !== uffd || (vma.flags & bits) !== bits) {
      const flags = (vma.flags & ~VM_FLAG.UFFD) | bits
      const changed = modifyVma(vma, previous, Math.max(vma.start, start), Math.min(vma.end, end), flags, uffd)
      if (typeof changed === 'number') return changed
      changed.flags = flags | (changed.flags & VM_FLAG.STICKY)
      changed.uffd = uffd
      vma = changed
    }
    previous = vma
  }
  return 0
}
