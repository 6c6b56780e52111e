import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { linkVma } from '../areas/link-vma.js'
import { newVma } from '../areas/new-vma.js'
import { tellDriver } from '../hooks/tell-driver.js'
import { AnonVma } from '../structs/anon-vma.js'
import { Mm } from '../structs/mm.js'
import { PTE } from '../structs/pte.js'
import type { Uffd } from '../structs/uffd.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { tearDown } from './tear-down.js'

/** `dup_mmap`: a copy of an address space for a child, or an error. Private pages are shared until either side writes. */
export function forkMm(parent: Mm): Mm | number {
  const child = new Mm(parent.machine, { ...parent.limits }, parent.capabilities)
  child.mmapBase = parent.mmapBase
  child.legacyBase = parent.legacyBase
  child.startBreak = parent.startBreak
  child.break = parent.break
  child.defaultFlags = parent.defaultFlags & VM_FLAG.NOHUGEPAGE
  const uffds = new Map<Uffd, Uffd | undefined>()
  for (const vma of parent.tree) {
    if (vma.flags & VM_FLAG.DONTCOPY) continue
    const pages = (vma.end - vma.start) / parent.pageSize
    if (vma.flags & VM_FLAG.ACCOUNT && !parent.charge(pages)) {
      tearDown(child)
      return ERRNO_RESULT.ENOMEM
    }
    copy(child, vma, uffds)
  }
  for (const [uffd, copied] of uffds) if (copied !== undefined) uffd.forked(copied)
  return child
}

function copy(child: Mm, source: Vma, uffds: Map<Uffd, Uffd | undefined>): void {
  const parent = source.mm
  const flags = source.flags & ~VM_FLAG.LOCKED_MASK
  const vma = newVma(child, source.start, source.end, source.pgoff, flags, source.file?.get())
  vma.area = source.area
  vma.sealed = source.sealed
  if (source.uffd !== undefined) {
    if (!uffds.has(source.uffd)) uffds.set(source.uffd, source.uffd.copyFor(child))
    vma.uffd = uffds.get(source.uffd)
    if (vma.uffd === undefined) vma.flags &= ~VM_FLAG.UFFD
  }
  if (!(flags & VM_FLAG.WIPEONFORK) && source.anonVma !== undefined) {
    // anon_vma_fork: the child gets the parent's chain and an anon_vma of its own.
    vma.anonVma = new AnonVma()
    vma.chain = source.chain + 1
  }
  linkVma(vma)
  tellDriver(vma, 'openArea')
  child.account(vma.flags, (vma.end - vma.start) / child.pageSize)
  if (flags & VM_FLAG.WIPEONFORK) return
  // vma_needs_copy: pages that a fault can find again are not copied.
  const needed =
    source.anonVma !== undefined ||
    flags & (VM_FLAG.PFNMAP | VM_FLAG.MIXEDMAP | VM_FLAG.MAYBE_GUARD) ||
    vma.flags & VM_FLAG.UFFD_WP
  if (!needed) return
  const keepsProtection = (vma.flags & VM_FLAG.UFFD_WP) !== 0
  const shared = (flags & VM_FLAG.SHARED) !== 0
  parent.tables.visit(source.start / parent.pageSize, source.end / parent.pageSize, (number, table, index) => {
    let bits = table.bits[index]!
    const page = table.pages[index]
    if (bits & PTE.PRESENT) {
      if (!shared) {
        bits &= ~(PTE.WRITE | PTE.EXCLUSIVE)
        table.bits[index] = bits
      }
      if (!(bits & PTE.UNCOUNTED)) {
        page!.references++
        if (page!.kind === 'anonymous') child.anonymousPages++
        else child.filePages++
      }
    }
    if (!keepsProtection) bits &= ~PTE.UFFD_WP
    if (bits !== 0) child.tables.set(number, bits, page)
  })
}
