import type { Mm } from './mm.js'
import { UnmapPlan } from './unmap-plan.js'

/** `exit_mmap`: gives everything back, sealed or not. */
export function tearDown(mm: Mm): void {
  const first = mm.tree.first()
  if (first === undefined) return
  for (const vma of mm.tree) vma.sealed = false
  const plan = new UnmapPlan(mm, 0, mm.machine.taskSize)
  plan.gather(first)
  plan.complete()
}
