import { FAULT } from './fault-code.js'
import type { Mm } from './mm.js'
import type { Vma } from './vma.js'

/** `struct userfaultfd_ctx` (grows below). */
export class Uffd {
  /** `userfaultfd_unmap_prep` */
  missing(_vma: Vma, _page: number, _write: boolean): number {
    return FAULT.WAITS
  }
  minor(_vma: Vma, _page: number, _write: boolean): number {
    return FAULT.WAITS
  }
  writeProtected(_vma: Vma, _page: number): number {
    return FAULT.WAITS
  }
  readonly followsMoves: boolean = false
  removed(_vma: Vma, _start: number, _end: number): void {}
  remapped(_target: Vma, _from: number, _to: number, _length: number): void {}
  forked(_vma: Vma, _child: Mm): boolean {
    return false
  }
  unmapped(_vma: Vma, _start: number, _end: number): void {}
}
