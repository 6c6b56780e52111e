import type { Vma } from './vma.js'

/** Calls a device's `mmap` hook over a new VMA (filled in below). */
export function callMmapHook(_vma: Vma): number {
  return 0
}
