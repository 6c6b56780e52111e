import type { AnonVma } from './anon-vma.js'
import type { Mm } from './mm.js'
import type { OpenFile } from './open-file.js'
import type { Uffd } from './uffd.js'

/** The number of values of the lower half of an address or a page number. */
const half = 2 ** 30

/**
 * `struct vm_area_struct`: one area of an address space, `[start, end)` in bytes.
 *
 * While it is in a tree, only the tree may change its range.
 */
export class Vma {
  // The order of the fields keeps those together that a look-up, an unmapping and a merge read first.
  readonly mm: Mm
  /** A word of `VM_FLAG`. */
  flags: number
  // Addresses are kept as two halves: V8 stores a number of 2^31 or more as an object of its own, and each read of it could be a cache
  // miss.
  #startHigh = 0
  #startLow = 0
  #endHigh = 0
  #endLow = 0
  /** The leaf of the tree that contains it. */
  node: number | undefined = undefined
  /** `vm_file`. Memory without one is anonymous (`vma_is_anonymous`). */
  file: OpenFile | undefined = undefined
  /** `vm_userfaultfd_ctx` */
  uffd: Uffd | undefined = undefined
  /** `VM_SEALED`, the one flag that does not fit in the word. */
  sealed = false
  /** `vm_private_data` of a driver: the `ModelArea` of this VMA. */
  area: object | undefined = undefined
  #pgoffHigh = 0
  #pgoffLow = 0
  anonVma: AnonVma | undefined = undefined
  /** The length of `anon_vma_chain`: 1 for a VMA's own, more when it was inherited through fork, 0 without an `anon_vma`. */
  chain = 0

  constructor(mm: Mm, start: number, end: number, pgoff: number, flags: number) {
    this.mm = mm
    this.flags = flags
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

  /** `vm_pgoff`: the page of the file it begins with. Of anonymous memory, the page number of the address at which it was mapped. */
  get pgoff(): number {
    return this.#pgoffHigh * half + this.#pgoffLow
  }

  set pgoff(page: number) {
    this.#pgoffHigh = (page / half) | 0
    this.#pgoffLow = (page - this.#pgoffHigh * half) | 0
  }
}
