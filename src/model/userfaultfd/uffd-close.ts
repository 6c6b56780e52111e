import { PTE } from '../structs/pte.js'
import type { Uffd } from '../structs/uffd.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { uffdClear } from './uffd-clear.js'

/** `userfaultfd_release_all`, when the last handle goes: what is missing is poisoned first, or will read as zeros. */
export function uffdClose(uffd: Uffd, missing: 'poison' | 'zero'): void {
  const { mm } = uffd
  // userfaultfd_event_wait_completion: a child whose event nobody has read has nobody either.
  for (const { child } of uffd.events.splice(0)) if (child !== undefined) uffdClose(child, missing)
  let previous: Vma | undefined
  for (let vma = mm.tree.first(); vma !== undefined; vma = mm.tree.next(vma)) {
    if (vma.uffd === uffd) {
      if (missing === 'poison' && vma.flags & VM_FLAG.UFFD_MISSING) poison(vma)
      const changed = uffdClear(vma, previous, vma.start, vma.end)
      if (typeof changed !== 'number') vma = changed
    }
    previous = vma
  }
  uffd.wake(0, Infinity)
  uffd.wakeReaders()
}

function poison(vma: Vma): void {
  const { mm, file, pgoff } = vma
  const first = vma.start / mm.pageSize
  for (let page = first; page < vma.end / mm.pageSize; page++) {
    const there = mm.tables.bits(page) !== 0 || file?.inode.pages.has(pgoff + page - first)
    if (!there) mm.tables.set(page, PTE.POISON, undefined)
  }
}
