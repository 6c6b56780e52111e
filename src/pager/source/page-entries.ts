import { addon } from '../../linux/addon/addon.js'
import { openProcFile } from '../../linux/proc/open-proc-file.js'

/** Bits of an entry of /proc/self/pagemap, in its high word. */
const PRESENT = 1 << 31
/** A page in swap space, or a marker in place of a page: poison, a guard, or the write protection of a missing page. */
const SWAPPED = 1 << 30
const WRITE_PROTECTED = 1 << 25
const GUARD = 1 << 26

/** The page table of this process, one entry at a time. */
export class PageEntries {
  readonly #pageSize: number
  readonly #entry = new Uint32Array(2)
  readonly #bytes = new Uint8Array(this.#entry.buffer)
  #descriptor = -1

  constructor(pageSize: number) {
    this.#pageSize = pageSize
  }

  /** An access of the page at the address finds a page or poison. */
  isThere(address: number): boolean {
    const high = this.#read(address)
    return (high & PRESENT) !== 0 || ((high & SWAPPED) !== 0 && (high & (GUARD | WRITE_PROTECTED)) === 0)
  }

  /** A userfaultfd protects the page at the address from being written. The page may be missing: the protection stays where it was dropped. */
  isWriteProtected(address: number): boolean {
    const high = this.#read(address)
    return (high & (PRESENT | SWAPPED)) !== 0 && (high & WRITE_PROTECTED) !== 0
  }

  #read(address: number): number {
    if (this.#descriptor < 0) this.#descriptor = openProcFile('self', 'pagemap')
    const read = addon().readFully(this.#descriptor, (address / this.#pageSize) * 8, this.#bytes)
    return read === 8 ? this.#entry[1]! : 0
  }
}
