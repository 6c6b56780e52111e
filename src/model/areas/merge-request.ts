import type { AnonVma } from '../structs/anon-vma.js'
import type { Mm } from '../structs/mm.js'
import type { OpenFile } from '../structs/open-file.js'
import type { Uffd } from '../structs/uffd.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

/** `struct vma_merge_struct`: a range with the attributes that it is to have, and the neighbours that it might merge with. */
export class MergeRequest {
  readonly mm: Mm
  start: number
  end: number
  pgoff: number
  flags: number
  file: OpenFile | undefined = undefined
  anonVma: AnonVma | undefined = undefined
  sealed = false
  uffd: Uffd | undefined = undefined
  previous: Vma | undefined = undefined
  next: Vma | undefined = undefined
  /** The existing VMA that the range is in. */
  middle: Vma | undefined = undefined
  /** The VMA that mremap(2) copies from. */
  copiedFrom: Vma | undefined = undefined
  /** Only the VMA before may be extended. */
  justExpand = false

  constructor(mm: Mm, start: number, end: number, pgoff: number, flags: number) {
    this.mm = mm
    this.start = start
    this.end = end
    this.pgoff = pgoff
    this.flags = flags
  }

  /** `VMG_VMA_STATE`: the attributes of a VMA, for a range of it. */
  static of(vma: Vma, start: number, end: number): MergeRequest {
    const pgoff = vma.pgoff + (start - vma.start) / vma.mm.pageSize
    const request = new MergeRequest(vma.mm, start, end, pgoff, vma.flags)
    request.file = vma.file
    request.anonVma = vma.anonVma
    request.uffd = vma.uffd
    request.sealed = vma.sealed
    request.middle = vma
    return request
  }

  /** `can_vma_merge_left` */
  mergesLeft(): boolean {
    const { previous } = this
    return (
      previous !== undefined &&
      previous.end === this.start &&
      this.#matches(previous) &&
      previous.pgoff + (previous.end - previous.start) / this.mm.pageSize === this.pgoff
    )
  }

  /** `can_vma_merge_right`: when the range merges to the left too, the two outer VMAs must match each other. */
  mergesRight(left: boolean): boolean {
    const { previous, next } = this
    if (next === undefined || next.start !== this.end || !this.#matches(next)) return false
    if (next.pgoff !== this.pgoff + (this.end - this.start) / this.mm.pageSize) return false
    if (!left) return true
    return previous!.anonVma === undefined || next.anonVma === undefined || previous!.anonVma === next.anonVma
  }

  /** `is_mergeable_vma` and `is_mergeable_anon_vma` */
  #matches(neighbour: Vma): boolean {
    if (((neighbour.flags ^ this.flags) & ~VM_FLAG.STICKY) !== 0 || neighbour.sealed !== this.sealed) return false
    if (neighbour.file !== this.file || neighbour.uffd !== this.uffd) return false
    if (neighbour.anonVma === undefined && this.anonVma !== undefined) {
      return !inherited(this.middle) && !inherited(this.copiedFrom)
    }
    if (neighbour.anonVma !== undefined && this.anonVma === undefined) return !inherited(neighbour)
    return neighbour.anonVma === this.anonVma
  }

  get special(): boolean {
    return (this.flags & VM_FLAG.SPECIAL) !== 0
  }
}

/** `vma_is_fork_child`: whether its `anon_vma` came through fork. */
function inherited(vma: Vma | undefined): boolean {
  return vma?.anonVma !== undefined && vma.chain !== 1
}
