import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

/** `vm_start_gap`: where the room begins that a VMA keeps free below it. Only a stack keeps any. */
export function startGap(vma: Vma): number {
  if (!(vma.flags & VM_FLAG.GROWSDOWN)) return vma.start
  return Math.max(vma.start - vma.mm.machine.stackGuardGap, 0)
}
