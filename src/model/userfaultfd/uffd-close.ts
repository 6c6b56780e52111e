import { anonVmaPrepare } from '../areas/anon-vma-prepare.js'
import { PTE } from '../structs/pte.js'
import type { Uffd } from '../structs/uffd.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { uffdClear } from './uffd-clear.js'
import { uffdProtect } from './uffd-protect.js'

/** `userfaultfd_release_all`, when the last handle is closed: missing pages are poisoned first, or read as zeros afterwards. */
export function uffdClose(uffd: Uffd, missing: 'poison' | 'zero'): void {
  const { mm } = uffd
  // userfaultfd_event_wait_completion: unregister a child whose fork event was not read too: it has no server.
  for (const { child } of uffd.events.splice(0)) if (child !== undefined) uffdClose(child, missing)
  if (missing === 'poison') {
    // Poison all areas before any is cleared: private memory shares the anon_vma of a neighbour that is registered as well.
    for (let vma = mm.tree.first(); vma !== undefined; vma = mm.tree.next(vma)) if (vma.uffd === uffd) poison(vma)
  }
  let previous: Vma | undefined
  for (let vma = mm.tree.first(); vma !== undefined; vma = mm.tree.next(vma)) {
    if (vma.uffd === uffd) {
      const changed = uffdClear(vma, previous, vma.start, vma.end)
      if (typeof changed !== 'number') vma = changed
    }
    previous = vma
  }
  uffd.wake(0, Infinity)
  uffd.wakeReaders()
}

/**
 * `UFFDIO_WRITEPROTECT` to lift the marks, then `UFFDIO_POISON` of each page whose touch would have been a fault: missing pages in
 * `missing` mode, unmapped pages of the file in `minor` mode.
 */
function poison(vma: Vma): void {
  const { mm, file, flags, pgoff } = vma
  if (flags & VM_FLAG.UFFD_WP) uffdProtect(vma, vma.start, vma.end, false)
  const first = vma.start / mm.pageSize
  let asked = false
  for (let page = first; page < vma.end / mm.pageSize; page++) {
    const offset = pgoff + page - first
    const bits = mm.tables.bits(page)
    const there = bits & PTE.PRESENT || file?.inode.pages.has(offset)
    if (!(flags & (there ? VM_FLAG.UFFD_MINOR : VM_FLAG.UFFD_MISSING))) continue
    // find_vma_and_prepare_anon runs even if the page fails.
    if (!asked && !(flags & VM_FLAG.SHARED)) anonVmaPrepare(vma)
    asked = true
    const pastEnd = file !== undefined && offset >= file.inode.length
    if (bits === 0 && !pastEnd) mm.tables.set(page, PTE.POISON, undefined)
  }
}
