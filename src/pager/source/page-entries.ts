import { addon } from '../../linux/addon/addon.js'
import { openProcFile } from '../../linux/proc/open-proc-file.js'

/** Bits of an entry of /proc/self/pagemap, in its high word. */
const PRESENT_OR_SWAPPED = (1 << 31) | (1 << 30)
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

  /** A page is mapped at the address. */
  isThere(address: number): boolean {
    const high = this.#read(address)
    return (high & PRESENT_OR_SWAPPED) !== 0 && (high & GUARD) === 0
  }

  /** A page is mapped at the address, and a userfaultfd protects it from being written. */
  isWriteProtected(address: number): boolean {
    const high = this.#read(address)
    return (high & PRESENT_OR_SWAPPED) !== 0 && (high & WRITE_PROTECTED) !== 0
  }

  #read(address: number): number {
    if (this.#descriptor < 0) this.#descriptor = openProcFile('self', 'pagemap')
    const read = addon().readFully(this.#descriptor, (address / this.#pageSize) * 8, this.#bytes)
    return read === 8 ? this.#entry[1]! : 0
  }
}
