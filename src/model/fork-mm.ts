import { AnonVma } from './anon-vma.js'
import { BIT } from './bit.js'
import { FAILURE } from './failure.js'
import { linkVma } from './link-vma.js'
import { Mm } from './mm.js'
import { newVma } from './new-vma.js'
import { PTE } from './pte.js'
import { tearDown } from './tear-down.js'
import { tellDriver } from './tell-driver.js'
import type { Uffd } from './uffd.js'
import type { Vma } from './vma.js'

/** `dup_mmap`: a copy of an address space for a child, or an error. Private pages are shared until either side writes. */
export function forkMm(parent: Mm): Mm | number {
  const child = new Mm(parent.machine, { ...parent.limits }, parent.capabilities)
  child.mmapBase = parent.mmapBase
  child.legacyBase = parent.legacyBase
  child.startBreak = parent.startBreak
  child.break = parent.break
  child.defaultFlags = parent.defaultFlags & BIT.NOHUGEPAGE
  const uffds = new Map<Uffd, Uffd | undefined>()
  for (const vma of parent.tree) {
    if (vma.flags & BIT.DONTCOPY) continue
    const pages = (vma.end - vma.start) / parent.pageSize
    if (vma.flags & BIT.ACCOUNT && !parent.charge(pages)) {
      tearDown(child)
      return FAILURE.ENOMEM
    }
    copy(child, vma, uffds)
  }
  for (const [uffd, copied] of uffds) if (copied !== undefined) uffd.forked(copied)
  return child
}

function copy(child: Mm, source: Vma, uffds: Map<Uffd, Uffd | undefined>): void {
  const parent = source.mm
  const flags = source.flags & ~BIT.LOCKED_MASK
  const vma = newVma(child, source.start, source.end, source.pgoff, flags, source.file?.get())
  vma.area = source.area
  vma.sealed = source.sealed
  if (source.uffd !== undefined) {
    if (!uffds.has(source.uffd)) uffds.set(source.uffd, source.uffd.copyFor(child))
    vma.uffd = uffds.get(source.uffd)
    if (vma.uffd === undefined) vma.flags &= ~BIT.UFFD
  }
  if (!(flags & BIT.WIPEONFORK) && source.anonVma !== undefined) {
    // anon_vma_fork: the parent's chain, and one of its own.
    vma.anonVma = new AnonVma()
    vma.chain = source.chain + 1
  }
  linkVma(vma)
  tellDriver(vma, 'openArea')
  child.account(vma.flags, (vma.end - vma.start) / child.pageSize)
  if (flags & BIT.WIPEONFORK) return
  // vma_needs_copy: what a fault can find again is not copied.
  const needed =
    source.anonVma !== undefined || flags & (BIT.PFNMAP | BIT.MIXEDMAP | BIT.MAYBE_GUARD) || vma.flags & BIT.UFFD_WP
  if (!needed) return
  const keepsProtection = (vma.flags & BIT.UFFD_WP) !== 0
  const shared = (flags & BIT.SHARED) !== 0
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
