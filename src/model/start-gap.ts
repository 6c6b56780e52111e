import { BIT } from './bit.js'
import type { Vma } from './vma.js'

/** `vm_start_gap`: where the room begins that a VMA keeps free below it. Only a stack keeps any. */
export function startGap(vma: Vma): number {
  if (!(vma.flags & BIT.GROWSDOWN)) return vma.start
  return Math.max(vma.start - vma.mm.machine.stackGuardGap, 0)
}
