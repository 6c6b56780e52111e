import type { AnonVma } from './anon-vma.js'
import type { Mm } from './mm.js'
import type { OpenFile } from './open-file.js'
import type { Uffd } from './uffd.js'
import type { VmaNode } from './vma-tree.js'

/**
 * `struct vm_area_struct`: one area of an address space, `[start, end)` in bytes.
 *
 * While it is in a tree only the tree changes its range.
 */
export class Vma {
  readonly mm: Mm
  start: number
  end: number
  /** `vm_pgoff`: the page of the file it begins with. Of anonymous memory, the page number of the address it was made at. */
  pgoff: number
  /** A word of `BIT`. */
  flags: number
  /** `VM_SEALED`, the one flag that has no room in the word. */
  sealed = false
  /** `vm_file`. Memory without one is anonymous (`vma_is_anonymous`). */
  file: OpenFile | undefined
  anonVma: AnonVma | undefined = undefined
  /** The length of `anon_vma_chain`: 1 for a VMA's own, more when it was inherited through fork, 0 without an `anon_vma`. */
  chain = 0
  /** `vm_userfaultfd_ctx` */
  uffd: Uffd | undefined = undefined
  /** `vm_private_data` of a driver, and whatever else is bound to this very VMA. */
  area: object | undefined = undefined
  /** Where the tree keeps it. */
  node: VmaNode | undefined = undefined

  constructor(mm: Mm, start: number, end: number, pgoff: number, flags: number, file: OpenFile | undefined) {
    this.mm = mm
    this.start = start
    this.end = end
    this.pgoff = pgoff
    this.flags = flags
    this.file = file
  }
}
