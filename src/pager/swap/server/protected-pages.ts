import { addon } from '../../../linux/addon/addon.js'
import type { LinuxUserfaultfd } from '../../../linux/userfaultfd/linux-userfaultfd.js'
import { ERRNO_RESULT } from '../../../vocabulary/errno-result.js'
import { checkUnlocked } from './check-unlocked.js'
import type { Staging } from './staging.js'
import { whileProtected } from './while-protected.js'

/** The longest run that is copied at once, in pages. */
const ROOM = 512

const { ENOENT } = ERRNO_RESULT

/**
 * Takes pages of private memory away without `UFFDIO_MOVE`: write-protects them, copies them to staging memory, and drops them. A thread that
 * writes meanwhile waits, and faults again on the missing page. Only the serving thread removes the protection, so that a page is still
 * protected when it is dropped, and its copy has every write. Dropping pages sends no event: the userfaultfd must not have `EVENT_REMOVE`.
 */
export class ProtectedPages {
  /** The bytes that the last call took away. */
  done = 0
  readonly #raw: LinuxUserfaultfd
  readonly #staging: Staging
  readonly #pageSize: number

  constructor(raw: LinuxUserfaultfd, staging: Staging, pageSize: number) {
    this.#raw = raw
    this.#staging = staging
    this.#pageSize = pageSize
  }

  /** Moves pages to the staging memory. Returns 0, or the error of the first page after `done`, negative. */
  leave(address: number, staged: number, length: number): number {
    this.done = 0
    const size = Math.min(length, ROOM * this.#pageSize)
    const locked = checkUnlocked(address, size, this.#pageSize)
    if (locked !== 0) return locked
    return whileProtected(this.#raw, address, size, () => this.#takeAway(address, staged, size))
  }

  #takeAway(address: number, staged: number, length: number): number {
    // A page that the program has dropped is missing: an access would wait for this very thread.
    const present = addon().copyPresent(staged, address, length)
    const copied = present - (present % this.#pageSize)
    if (copied === 0) return ENOENT
    const code = this.#raw.hideOwn(address, copied)
    this.done = this.#raw.done
    const left = (copied - this.done) / this.#pageSize
    if (left > 0) this.#staging.drop(staged + this.done, left)
    return this.done === 0 ? code : 0
  }
}
