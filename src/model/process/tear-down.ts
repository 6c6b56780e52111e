import { UnmapPlan } from '../areas/unmap-plan.js'
import type { Mm } from '../structs/mm.js'
import { VM_FLAG } from '../structs/vm-flag.js'

/**
 * `exit_mmap`: frees all memory, sealed or not. Userfaultfds get no event; waiters of a userfaultfd are woken and find the memory
 * unmapped.
 */
export function tearDown(mm: Mm): void {
  const first = mm.tree.first()
  if (first === undefined) return
  for (const vma of mm.tree) {
    vma.sealed = false
    vma.uffd?.wake(vma.start, vma.end)
    vma.uffd = undefined
    vma.flags &= ~VM_FLAG.UFFD
  }
  const plan = new UnmapPlan(mm, 0, mm.machine.taskSize)
  plan.gather(first)
  plan.complete()
}
