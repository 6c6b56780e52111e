import type { RawUserfaultfd } from '../../../kernel/raw-userfaultfd.js'
import { addon } from '../../../linux/addon/addon.js'
import { check } from '../../../linux/addon/check.js'
import type { LinuxRegion } from '../../../linux/regions/linux-region.js'
import type { LinuxUserfaultfd } from '../../../linux/userfaultfd/linux-userfaultfd.js'
import { LinuxUserfaultfdCalls } from '../../../linux/userfaultfd/linux-userfaultfd-calls.js'
import { openUserfaultfd } from '../../../userfaultfd/open-userfaultfd.js'
import { MADV } from '../../../vocabulary/madv.js'
import { MAP } from '../../../vocabulary/map.js'
import { PROT } from '../../../vocabulary/prot.js'
import { UFFD_FEATURE } from '../../../vocabulary/uffd-feature.js'
import { UFFD_MODE } from '../../../vocabulary/uffd-mode.js'
import { UFFD_RESOLVE_MODE } from '../../../vocabulary/uffd-resolve-mode.js'
import type { PagerKernel } from '../../thread/pager-kernel.js'
import type { Staging } from './staging.js'

/** The pages of the memory in which pages are dropped. */
const ROOM = 512

/**
 * Staging memory that is registered with the userfaultfd of the program's memory, so that pages move to it. The serving thread can't call
 * madvise(2) there: the call would wait for that very thread to read its `REMOVE` event. So pages to be dropped move to memory of a second
 * userfaultfd, which has no events, and are dropped there.
 */
export class MovedStaging implements Staging {
  readonly #served: LinuxUserfaultfd
  readonly #raw: RawUserfaultfd
  readonly #region: LinuxRegion
  readonly #pageSize: number

  /** @param served the userfaultfd of the program's memory */
  constructor(served: LinuxUserfaultfd, { calls, regions, pageSize }: PagerKernel) {
    this.#served = served
    this.#pageSize = pageSize
    const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.NORESERVE
    this.#region = regions.mapRegion(0n, ROOM * pageSize, PROT.READ | PROT.WRITE, flags, -1, 0, pageSize)
    const { start, length } = this.#region
    calls.madvise(start, length, MADV.DONTFORK)
    this.#raw = openUserfaultfd(new LinuxUserfaultfdCalls(), undefined).raw
    this.#raw.api(UFFD_FEATURE.MOVE)
    this.#raw.register(start, length, UFFD_MODE.MISSING)
  }

  put(address: number, bytes: Uint8Array): number {
    const code = this.#served.copy(address, bytes, bytes.length, UFFD_RESOLVE_MODE.DONTWAKE)
    return this.#served.done > 0 ? this.#served.done : code
  }

  drop(address: number, count: number): number {
    const target = Number(this.#region.start)
    let dropped = 0
    for (let moved = ROOM; dropped < count && moved > 0; dropped += moved) {
      const length = Math.min(count - dropped, ROOM) * this.#pageSize
      this.#raw.move(target, address + dropped * this.#pageSize, length, UFFD_RESOLVE_MODE.DONTWAKE)
      moved = this.#raw.done / this.#pageSize
      // A bare system call, without the library's locks: a thread that holds them may wait for this one to read an event.
      if (moved > 0) check(addon().adviseBare(target, this.#raw.done, MADV.DONTNEED), 'madvise')
    }
    return dropped
  }

  close(): void {
    this.#raw.close('zero')
  }
}
