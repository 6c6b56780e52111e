import { UFFD_RESOLVE_MODE } from '../vocabulary/uffd-resolve-mode.js'
import { anonVmaPrepare } from './anon-vma-prepare.js'
import { BIT } from './bit.js'
import { FAILURE } from './failure.js'
import { Page } from './page.js'
import { PTE } from './pte.js'
import type { Uffd } from './uffd.js'
import { uffdRange } from './uffd-range.js'
import type { Vma } from './vma.js'

/** How missing pages are made. */
export type UffdFill = 'copy' | 'zero' | 'continue' | 'poison'

/** `mfill_atomic`: makes missing pages of a registered area. Answers with the bytes done and 0 or an error. */
export function uffdFill(
  uffd: Uffd,
  start: number,
  length: number,
  mode: number,
  how: UffdFill,
  source?: Uint8Array,
): { readonly done: number; readonly error: number } {
  const { mm } = uffd
  if (uffd.changing) return { done: 0, error: FAILURE.EAGAIN }
  const refused = uffdRange(mm, start, length) || refuseMode(mode, how)
  if (refused !== 0) return { done: 0, error: refused }
  if (mm.users === 0) return { done: 0, error: FAILURE.ESRCH }
  const vma = mm.tree.lookup(start)
  // find_vma_and_prepare_anon comes before the area is looked at.
  if (vma !== undefined && !(vma.flags & BIT.SHARED)) anonVmaPrepare(vma)
  const end = start + length
  if (vma === undefined || end > vma.end || vma.uffd === undefined) return { done: 0, error: FAILURE.ENOENT }
  const protect = (mode & UFFD_RESOLVE_MODE.WP) !== 0 && (how === 'copy' || how === 'continue')
  if (protect && !(vma.flags & BIT.UFFD_WP)) return { done: 0, error: FAILURE.EINVAL }
  const sharedMemory = vma.file !== undefined && vma.file.inode.operations === undefined
  if (vma.file !== undefined && !sharedMemory) return { done: 0, error: FAILURE.EINVAL }
  if (how === 'continue' && !sharedMemory) return { done: 0, error: FAILURE.EINVAL }
  let done = 0
  let error = 0
  for (; done < length; done += mm.pageSize) {
    const bytes = source?.subarray(done, done + mm.pageSize)
    error = fillPage(vma, (start + done) / mm.pageSize, how, protect, bytes)
    if (error !== 0) break
  }
  if (done > 0 && !(mode & UFFD_RESOLVE_MODE.DONTWAKE)) uffd.wake(start, start + done)
  if (error !== 0 && done > 0) return { done, error: FAILURE.EAGAIN }
  return { done, error }
}

function refuseMode(mode: number, how: UffdFill): number {
  const known = how === 'copy' || how === 'continue' ? UFFD_RESOLVE_MODE.DONTWAKE | UFFD_RESOLVE_MODE.WP : 1
  return mode & ~known ? FAILURE.EINVAL : 0
}

/** `mfill_atomic_pte` */
function fillPage(vma: Vma, number: number, how: UffdFill, protect: boolean, bytes: Uint8Array | undefined): number {
  const { mm, file } = vma
  const bits = mm.tables.bits(number)
  const pgoff = vma.pgoff + number - vma.start / mm.pageSize
  const shared = (vma.flags & BIT.SHARED) !== 0
  const pastEnd = file !== undefined && pgoff >= file.inode.length
  if (how === 'poison') {
    if (pastEnd) return FAILURE.EFAULT
    if (bits !== 0) return FAILURE.EEXIST
    mm.tables.set(number, PTE.POISON, undefined)
    return 0
  }
  if (how === 'continue') {
    // shmem_get_folio does not look past the end.
    if (pastEnd) return FAILURE.EINVAL
    const page = file!.inode.pages.get(pgoff)
    if (page === undefined) return FAILURE.EFAULT
    return install(vma, number, page, protect)
  }
  if (shared) {
    if (pastEnd) return FAILURE.EFAULT
    const { inode } = file!
    if (inode.pages.has(pgoff)) return FAILURE.EEXIST
    if (bits & PTE.PRESENT) return FAILURE.EEXIST
    const page = inode.page(pgoff)
    if (how === 'copy') page.bytes.set(bytes!)
    return install(vma, number, page, protect)
  }
  if (how === 'zero') {
    if (pastEnd) return FAILURE.EFAULT
    if (bits !== 0) return FAILURE.EEXIST
    mm.tables.set(number, PTE.PRESENT | PTE.ZERO, mm.machine.zeroPage)
    return 0
  }
  if (pastEnd) return FAILURE.EFAULT
  const page = new Page('anonymous', mm.pageSize, 0)
  page.bytes.set(bytes!)
  return install(vma, number, page, protect)
}

/** `mfill_atomic_install_pte`: a marker gives way, a page does not. */
function install(vma: Vma, number: number, page: Page, protect: boolean): number {
  const { mm } = vma
  if (mm.tables.bits(number) & PTE.PRESENT) return FAILURE.EEXIST
  const copies = page.kind === 'anonymous'
  const writable = (copies || (vma.flags & BIT.SHARED) !== 0) && !protect
  page.references++
  if (copies) mm.anonymousPages++
  else mm.filePages++
  mm.tables.set(
    number,
    PTE.PRESENT | (writable ? PTE.WRITE : 0) | (copies ? PTE.EXCLUSIVE : 0) | (protect ? PTE.UFFD_WP : 0),
    page,
  )
  return 0
}
