import type { AnonVma } from './anon-vma.js'
import type { Mm } from './mm.js'
import type { OpenFile } from './open-file.js'
import type { Uffd } from './uffd.js'

/** What the lower half of an address or a page counts to. */
const half = 2 ** 30

/**
 * `struct vm_area_struct`: one area of an address space, `[start, end)` in bytes.
 *
 * While it is in a tree only the tree changes its range.
 */
export class Vma {
  // In this order, what a look-up, an unmapping and a merge ask first lies together.
  readonly mm: Mm
  /** A word of `VM_FLAG`. */
  flags: number
  // A number beyond 2^31 would be an object of its own, and so each look at it another miss of the cache: two halves are none.
  #startHigh = 0
  #startLow = 0
  #endHigh = 0
  #endLow = 0
  /** The leaf of the tree that it is in. */
  node: number | undefined = undefined
  /** `vm_file`. Memory without one is anonymous (`vma_is_anonymous`). */
  file: OpenFile | undefined
  /** `vm_userfaultfd_ctx` */
  uffd: Uffd | undefined = undefined
  /** `VM_SEALED`, the one flag that has no room in the word. */
  sealed = false
  /** `vm_private_data` of a driver, and whatever else is bound to this very VMA. */
  area: object | undefined = undefined
  #pgoffHigh = 0
  #pgoffLow = 0
  anonVma: AnonVma | undefined = undefined
  /** The length of `anon_vma_chain`: 1 for a VMA's own, more when it was inherited through fork, 0 without an `anon_vma`. */
  chain = 0

  constructor(mm: Mm, start: number, end: number, pgoff: number, flags: number, file: OpenFile | undefined) {
    this.mm = mm
    this.flags = flags
    this.file = file
    this.start = start
    this.end = end
    this.pgoff = pgoff
  }

  get start(): number {
    return this.#startHigh * half + this.#startLow
  }

  set start(address: number) {
    this.#startHigh = (address / half) | 0
    this.#startLow = (address - this.#startHigh * half) | 0
  }

  get end(): number {
    return this.#endHigh * half + this.#endLow
  }

  set end(address: number) {
    this.#endHigh = (address / half) | 0
    this.#endLow = (address - this.#endHigh * half) | 0
  }

  /** `vm_pgoff`: the page of the file it begins with. Of anonymous memory, the page number of the address it was made at. */
  get pgoff(): number {
    return this.#pgoffHigh * half + this.#pgoffLow
  }

  set pgoff(page: number) {
    this.#pgoffHigh = (page / half) | 0
    this.#pgoffLow = (page - this.#pgoffHigh * half) | 0
  }
}
