import { addon } from '../../../linux/addon/addon.js'
import type { LinuxUserfaultfd } from '../../../linux/userfaultfd/linux-userfaultfd.js'
import { ERRNO_RESULT } from '../../../vocabulary/errno-result.js'
import { MADV } from '../../../vocabulary/madv.js'
import { checkUnlocked } from './check-unlocked.js'
import { pagesInFile } from './pages-in-file.js'
import type { Staging } from './staging.js'
import { whileProtected } from './while-protected.js'

/** The longest run that is copied at once, in pages. */
const ROOM = 512

const { EBUSY, EEXIST, ENOENT } = ERRNO_RESULT

/**
 * Takes pages of shared memory out of their file: write-protects them, copies them to staging memory, and punches a hole. A thread that
 * writes meanwhile waits, and faults again on the hole. Addresses are those of the memory, of its second map (see `TwinMaps`) and of the
 * staging memory.
 */
export class CopiedPages {
  /** The bytes that the last call moved. */
  done = 0
  readonly #raw: LinuxUserfaultfd
  readonly #staging: Staging
  readonly #pageSize: number
  readonly #bytes: Uint8Array
  readonly #digests: Float64Array = new Float64Array(ROOM)

  constructor(raw: LinuxUserfaultfd, staging: Staging, pageSize: number) {
    this.#raw = raw
    this.#staging = staging
    this.#pageSize = pageSize
    this.#bytes = new Uint8Array(ROOM * pageSize)
  }

  /** Copies pages aside and takes them out of the file. Returns 0, or the error of the first page after `done`, negative. */
  leave(address: number, twin: number, staged: number, length: number): number {
    this.done = 0
    let size = Math.min(length, ROOM * this.#pageSize)
    const locked = checkUnlocked(address, size, this.#pageSize)
    if (locked !== 0) return locked
    const [first] = pagesInFile(twin, size / this.#pageSize, this.#pageSize)
    if (first?.page !== 0) return ENOENT
    size = first.count * this.#pageSize
    return whileProtected(this.#raw, address, size, () => this.#takeAway(twin, staged, size))
  }

  #takeAway(twin: number, staged: number, length: number): number {
    const bytes = this.#bytes.subarray(0, length)
    const pages = length / this.#pageSize
    const read = addon().copyAndDigestPages(twin, bytes, this.#digests.subarray(0, pages))
    if (read !== 0) return ENOENT
    const size = this.#staging.put(staged, bytes)
    if (size < 0) return size
    const freed = addon().adviseBare(twin, size, MADV.REMOVE)
    if (freed !== 0) {
      this.#staging.drop(staged, size / this.#pageSize)
      return freed
    }
    // In a huge page that could not be split, the hole is a page of zeros in the file: a touch would read them.
    for (const { page, count } of pagesInFile(twin, size / this.#pageSize, this.#pageSize)) {
      const from = page * this.#pageSize
      addon().writeMemory(twin + from, bytes.subarray(from, from + count * this.#pageSize))
      if (page === 0) return EBUSY
      this.done = from
      return 0
    }
    this.done = size
    return size < length ? EEXIST : 0
  }
}
