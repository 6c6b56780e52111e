import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { UFFD_RESOLVE_MODE } from '../../vocabulary/uffd-resolve-mode.js'
import { anonVmaPrepare } from '../areas/anon-vma-prepare.js'
import { PTE } from '../structs/pte.js'
import type { Uffd } from '../structs/uffd.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { uffdRange } from './uffd-range.js'

/** `userfaultfd_move`, `move_pages`: moves private pages to where pages are missing. Returns the bytes done and 0 or an error. */
export function uffdMove(
  uffd: Uffd,
  to: number,
  from: number,
  length: number,
  mode: number,
): { readonly done: number; readonly error: number } {
  const { mm } = uffd
  if (uffd.changing) return { done: 0, error: ERRNO_RESULT.EAGAIN }
  const known = UFFD_RESOLVE_MODE.DONTWAKE | UFFD_RESOLVE_MODE.ALLOW_SRC_HOLES
  const refused = uffdRange(mm, to, length) || uffdRange(mm, from, length) || (mode & ~known ? ERRNO_RESULT.EINVAL : 0)
  if (refused !== 0) return { done: 0, error: refused }
  if (mm.users === 0) return { done: 0, error: ERRNO_RESULT.ESRCH }
  const target = mm.tree.lookup(to)
  if (target === undefined) return { done: 0, error: ERRNO_RESULT.ENOENT }
  if (!(target.flags & VM_FLAG.SHARED)) anonVmaPrepare(target)
  const source = mm.tree.lookup(from)
  if (source === undefined) return { done: 0, error: ERRNO_RESULT.ENOENT }
  if (!isMovable(uffd, source, target, from + length, to + length)) return { done: 0, error: ERRNO_RESULT.EINVAL }
  let done = 0
  let error = 0
  for (; done < length; done += mm.pageSize) {
    const holes = (mode & UFFD_RESOLVE_MODE.ALLOW_SRC_HOLES) !== 0
    error = movePage(source, (from + done) / mm.pageSize, (to + done) / mm.pageSize, holes)
    if (error !== 0) break
  }
  if (done > 0 && !(mode & UFFD_RESOLVE_MODE.DONTWAKE)) uffd.wake(to, to + done)
  if (error !== 0 && done > 0) return { done, error: ERRNO_RESULT.EAGAIN }
  return { done, error }
}

/** `validate_move_areas` */
function isMovable(uffd: Uffd, source: Vma, target: Vma, sourceEnd: number, targetEnd: number): boolean {
  const unmovable = VM_FLAG.PFNMAP | VM_FLAG.IO | VM_FLAG.MIXEDMAP
  return (
    !((source.flags | target.flags) & VM_FLAG.SHARED) &&
    sourceEnd <= source.end &&
    targetEnd <= target.end &&
    ((source.flags ^ target.flags) & (VM_FLAG.ACCESS | VM_FLAG.LOCKED)) === 0 &&
    (source.flags & VM_FLAG.WRITE) !== 0 &&
    !((source.flags | target.flags) & unmovable) &&
    target.uffd === uffd &&
    source.file === undefined &&
    target.file === undefined
  )
}

/** `move_pages_pte` */
function movePage({ mm }: Vma, from: number, to: number, holes: boolean): number {
  const { tables } = mm
  if (tables.bits(to) !== 0) return ERRNO_RESULT.EEXIST
  const bits = tables.bits(from)
  if (bits === 0) return holes ? 0 : ERRNO_RESULT.ENOENT
  if (!(bits & PTE.PRESENT)) return ERRNO_RESULT.EFAULT
  const page = tables.page(from)!
  if (!(bits & PTE.ZERO) && (page.kind !== 'anonymous' || !(bits & PTE.EXCLUSIVE))) return ERRNO_RESULT.EBUSY
  tables.clear(from)
  tables.set(to, bits & PTE.ZERO ? PTE.PRESENT | PTE.ZERO : PTE.PRESENT | PTE.WRITE | PTE.EXCLUSIVE, page)
  return 0
}
