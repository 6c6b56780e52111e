import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

/** `vm_start_gap`: the start of the gap that must stay free below a VMA. Only a stack has one. */
export function startGap(vma: Vma): number {
  if (!(vma.flags & VM_FLAG.GROWSDOWN)) return vma.start
  return Math.max(vma.start - vma.mm.machine.stackGuardGap, 0)
}
