import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { UFFD_RESOLVE_MODE } from '../../vocabulary/uffd-resolve-mode.js'
import { anonVmaPrepare } from '../areas/anon-vma-prepare.js'
import { Page } from '../structs/page.js'
import { PTE } from '../structs/pte.js'
import type { Uffd } from '../structs/uffd.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { uffdRange } from './uffd-range.js'

/** The ways to make missing pages. */
export type UffdFill = 'copy' | 'zero' | 'continue' | 'poison'

/** `mfill_atomic`: makes missing pages of a registered area. Returns the bytes done and 0 or an error. */
export function uffdFill(
  uffd: Uffd,
  start: number,
  length: number,
  mode: number,
  how: UffdFill,
  source?: Uint8Array,
): { readonly done: number; readonly error: number } {
  const { mm } = uffd
  if (uffd.changing) return { done: 0, error: ERRNO_RESULT.EAGAIN }
  const refused = uffdRange(mm, start, length) || refuseMode(mode, how)
  if (refused !== 0) return { done: 0, error: refused }
  if (mm.users === 0) return { done: 0, error: ERRNO_RESULT.ESRCH }
  const vma = mm.tree.lookup(start)
  // find_vma_and_prepare_anon runs before the area is checked.
  if (vma !== undefined && !(vma.flags & VM_FLAG.SHARED)) anonVmaPrepare(vma)
  const end = start + length
  if (vma === undefined || end > vma.end || vma.uffd === undefined) return { done: 0, error: ERRNO_RESULT.ENOENT }
  const protect = (mode & UFFD_RESOLVE_MODE.WP) !== 0 && (how === 'copy' || how === 'continue')
  if (protect && !(vma.flags & VM_FLAG.UFFD_WP)) return { done: 0, error: ERRNO_RESULT.EINVAL }
  const sharedMemory = vma.file !== undefined && vma.file.inode.operations === undefined
  if (vma.file !== undefined && !sharedMemory) return { done: 0, error: ERRNO_RESULT.EINVAL }
  if (how === 'continue' && !sharedMemory) return { done: 0, error: ERRNO_RESULT.EINVAL }
  let done = 0
  let error = 0
  for (; done < length; done += mm.pageSize) {
    const bytes = source?.subarray(done, done + mm.pageSize)
    error = fillPage(vma, (start + done) / mm.pageSize, how, protect, bytes)
    if (error !== 0) break
  }
  if (done > 0 && !(mode & UFFD_RESOLVE_MODE.DONTWAKE)) uffd.wake(start, start + done)
  if (error !== 0 && done > 0) return { done, error: ERRNO_RESULT.EAGAIN }
  return { done, error }
}

function refuseMode(mode: number, how: UffdFill): number {
  const known = how === 'copy' || how === 'continue' ? UFFD_RESOLVE_MODE.DONTWAKE | UFFD_RESOLVE_MODE.WP : 1
  return mode & ~known ? ERRNO_RESULT.EINVAL : 0
}

/** `mfill_atomic_pte` */
function fillPage(vma: Vma, number: number, how: UffdFill, protect: boolean, bytes: Uint8Array | undefined): number {
  const { mm, file } = vma
  const bits = mm.tables.bits(number)
  const pgoff = vma.pgoff + number - vma.start / mm.pageSize
  const shared = (vma.flags & VM_FLAG.SHARED) !== 0
  const pastEnd = file !== undefined && pgoff >= file.inode.length
  if (how === 'poison') {
    if (pastEnd) return ERRNO_RESULT.EFAULT
    if (bits !== 0) return ERRNO_RESULT.EEXIST
    mm.tables.set(number, PTE.POISON, undefined)
    return 0
  }
  if (how === 'continue') {
    // shmem_get_folio finds no page past the end.
    if (pastEnd) return ERRNO_RESULT.EINVAL
    const page = file!.inode.pages.get(pgoff)
    if (page === undefined) return ERRNO_RESULT.EFAULT
    return install(vma, number, page, protect)
  }
  if (shared) {
    if (pastEnd) return ERRNO_RESULT.EFAULT
    const { inode } = file!
    if (inode.pages.has(pgoff)) return ERRNO_RESULT.EEXIST
    if (bits & PTE.PRESENT) return ERRNO_RESULT.EEXIST
    const page = inode.page(pgoff)
    if (how === 'copy') page.bytes.set(bytes!)
    return install(vma, number, page, protect)
  }
  if (how === 'zero') {
    if (pastEnd) return ERRNO_RESULT.EFAULT
    if (bits !== 0) return ERRNO_RESULT.EEXIST
    mm.tables.set(number, PTE.PRESENT | PTE.ZERO, mm.machine.zeroPage)
    return 0
  }
  if (pastEnd) return ERRNO_RESULT.EFAULT
  const page = new Page('anonymous', mm.pageSize, 0)
  page.bytes.set(bytes!)
  return install(vma, number, page, protect)
}

/** `mfill_atomic_install_pte`: replaces a marker, but not a page. */
function install(vma: Vma, number: number, page: Page, protect: boolean): number {
  const { mm } = vma
  if (mm.tables.bits(number) & PTE.PRESENT) return ERRNO_RESULT.EEXIST
  const copies = page.kind === 'anonymous'
  const writable = (copies || (vma.flags & VM_FLAG.SHARED) !== 0) && !protect
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
