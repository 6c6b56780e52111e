import { addon } from '../../../linux/addon/addon.js'
import type { LinuxUserfaultfd } from '../../../linux/userfaultfd/linux-userfaultfd.js'
import { ERRNO_RESULT } from '../../../vocabulary/errno-result.js'
import { MADV } from '../../../vocabulary/madv.js'
import { UFFD_RESOLVE_MODE } from '../../../vocabulary/uffd-resolve-mode.js'

/** The longest run that is copied at once, in pages. */
const ROOM = 512

const { EBUSY, EEXIST, EINVAL, ENOENT } = ERRNO_RESULT

/**
 * Takes pages of shared memory out of their file: write-protects them, copies them to staging memory, and punches a hole. A thread that
 * writes meanwhile waits, and faults again on the hole. Addresses are those of the memory, of its second map (see `TwinMaps`) and of the
 * staging memory.
 */
export class CopiedPages {
  /** The bytes that the last call moved. */
  done = 0
  readonly #raw: LinuxUserfaultfd
  readonly #pageSize: number
  readonly #bytes: Uint8Array
  readonly #digests: Float64Array = new Float64Array(ROOM)
  readonly #present: Uint8Array = new Uint8Array(ROOM)

  constructor(raw: LinuxUserfaultfd, pageSize: number) {
    this.#raw = raw
    this.#pageSize = pageSize
    this.#bytes = new Uint8Array(ROOM * pageSize)
  }

  /** Which pages of shared memory are in their file, as runs: the first page's index and how many. */
  *present(address: number, count: number): Generator<{ readonly page: number; readonly count: number }> {
    for (let from = 0; from < count; from += ROOM) {
      const most = Math.min(ROOM, count - from)
      if (addon().mincore(address + from * this.#pageSize, most * this.#pageSize, this.#present) !== 0) return
      for (let page = 0; page < most; ) {
        const first = page
        while (page < most && (this.#present[page]! & 1) !== 0) page++
        if (page > first) yield { page: from + first, count: page - first }
        else page++
      }
    }
  }

  /** Copies pages aside and takes them out of the file. Returns 0, or the error of the first page after `done`, negative. */
  leave(address: number, twin: number, staged: number, length: number): number {
    this.done = 0
    let size = Math.min(length, ROOM * this.#pageSize)
    // The kernel refuses this advice on locked memory. On other memory the calls below have the same effect.
    const locked = addon().adviseBare(address, size, MADV.COLD)
    if (locked === EINVAL) return size > this.#pageSize ? EINVAL : EBUSY
    if (locked !== 0) return locked
    const [first] = this.present(twin, size / this.#pageSize)
    if (first?.page !== 0) return ENOENT
    size = first.count * this.#pageSize
    const armed = this.#raw.writeprotect(address, size, UFFD_RESOLVE_MODE.WRITEPROTECT_WP)
    if (armed !== 0) return armed
    const code = this.#takeAway(twin, staged, size)
    // Removes the marks that the protection left in the hole too, where no poison could be put. Wakes the writers.
    if (this.#raw.writeprotect(address, size, 0) !== 0) this.#raw.wake(address, size)
    return code
  }

  #takeAway(twin: number, staged: number, length: number): number {
    const bytes = this.#bytes.subarray(0, length)
    const pages = length / this.#pageSize
    const read = addon().copyAndDigestPages(twin, bytes, this.#digests.subarray(0, pages))
    if (read !== 0) return ENOENT
    const copied = this.#raw.copy(staged, bytes, length, UFFD_RESOLVE_MODE.DONTWAKE)
    const size = this.#raw.done
    if (size === 0) return copied
    const freed = addon().adviseBare(twin, size, MADV.REMOVE)
    if (freed !== 0) return freed
    // In a huge page that could not be split, the hole is a page of zeros in the file: a touch would read them.
    for (const { page, count } of this.present(twin, size / this.#pageSize)) {
      const from = page * this.#pageSize
      addon().writeMemory(twin + from, bytes.subarray(from, from + count * this.#pageSize))
      if (page === 0) return EBUSY
      this.done = from
      return 0
    }
    this.done = size
    return size < length && copied === 0 ? EEXIST : 0
  }
}
