import { UFFD_RESOLVE_MODE } from '../vocabulary/uffd-resolve-mode.js'
import { anonVmaPrepare } from './anon-vma-prepare.js'
import { BIT } from './bit.js'
import { FAILURE } from './failure.js'
import { PTE } from './pte.js'
import type { Uffd } from './uffd.js'
import { uffdRange } from './uffd-range.js'
import type { Vma } from './vma.js'

/** `userfaultfd_move`, `move_pages`: moves private pages to missing ones. Answers with the bytes done and 0 or an error. */
export function uffdMove(
  uffd: Uffd,
  to: number,
  from: number,
  length: number,
  mode: number,
): { readonly done: number; readonly error: number } {
  const { mm } = uffd
  if (uffd.changing) return { done: 0, error: FAILURE.EAGAIN }
  const known = UFFD_RESOLVE_MODE.DONTWAKE | UFFD_RESOLVE_MODE.ALLOW_SRC_HOLES
  const refused = uffdRange(mm, to, length) || uffdRange(mm, from, length) || (mode & ~known ? FAILURE.EINVAL : 0)
  if (refused !== 0) return { done: 0, error: refused }
  if (mm.users === 0) return { done: 0, error: FAILURE.ESRCH }
  const target = mm.tree.lookup(to)
  if (target === undefined) return { done: 0, error: FAILURE.ENOENT }
  if (!(target.flags & BIT.SHARED)) anonVmaPrepare(target)
  const source = mm.tree.lookup(from)
  if (source === undefined) return { done: 0, error: FAILURE.ENOENT }
  if (!isMovable(uffd, source, target, from + length, to + length)) return { done: 0, error: FAILURE.EINVAL }
  let done = 0
  let error = 0
  for (; done < length; done += mm.pageSize) {
    const holes = (mode & UFFD_RESOLVE_MODE.ALLOW_SRC_HOLES) !== 0
    error = movePage(source, (from + done) / mm.pageSize, (to + done) / mm.pageSize, holes)
    if (error !== 0) break
  }
  if (done > 0 && !(mode & UFFD_RESOLVE_MODE.DONTWAKE)) uffd.wake(to, to + done)
  if (error !== 0 && done > 0) return { done, error: FAILURE.EAGAIN }
  return { done, error }
}

/** `validate_move_areas` */
function isMovable(uffd: Uffd, source: Vma, target: Vma, sourceEnd: number, targetEnd: number): boolean {
  const unmovable = BIT.PFNMAP | BIT.IO | BIT.MIXEDMAP
  return (
    !((source.flags | target.flags) & BIT.SHARED) &&
    sourceEnd <= source.end &&
    targetEnd <= target.end &&
    ((source.flags ^ target.flags) & (BIT.ACCESS | BIT.LOCKED)) === 0 &&
    (source.flags & BIT.WRITE) !== 0 &&
    !((source.flags | target.flags) & unmovable) &&
    target.uffd === uffd &&
    source.file === undefined &&
    target.file === undefined
  )
}

/** `move_pages_pte` */
function movePage({ mm }: Vma, from: number, to: number, holes: boolean): number {
  const { tables } = mm
  if (tables.bits(to) !== 0) return FAILURE.EEXIST
  const bits = tables.bits(from)
  if (bits === 0) return holes ? 0 : FAILURE.ENOENT
  if (!(bits & PTE.PRESENT)) return FAILURE.EFAULT
  const page = tables.page(from)!
  if (!(bits & PTE.ZERO) && (page.kind !== 'anonymous' || !(bits & PTE.EXCLUSIVE))) return FAILURE.EBUSY
  tables.clear(from)
  tables.set(to, bits & PTE.ZERO ? PTE.PRESENT | PTE.ZERO : PTE.PRESENT | PTE.WRITE | PTE.EXCLUSIVE, page)
  return 0
}
