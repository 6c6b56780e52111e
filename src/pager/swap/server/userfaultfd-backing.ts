import { addon } from '../../../linux/addon/addon.js'
import { check } from '../../../linux/addon/check.js'
import { adoptUserfaultfd } from '../../../linux/userfaultfd/adopt-userfaultfd.js'
import type { LinuxUserfaultfd } from '../../../linux/userfaultfd/linux-userfaultfd.js'
import type { PageMap } from '../../../paging/swap/page-map.js'
import { type PagePlaces, PLACE } from '../../../paging/swap/page-places.js'
import type { SwapRange } from '../../../paging/swap/swap-range.js'
import type { UffdMessages } from '../../../userfaultfd/uffd-messages.js'
import { UFFD_MODE } from '../../../vocabulary/uffd-mode.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import { UserfaultfdQueue } from '../../source/userfaultfd-queue.js'
import type { PagerKernel } from '../../thread/pager-kernel.js'
import type { Discarded, SwapThreadData } from '../swap-thread-data.js'
import { MovedStaging } from './moved-staging.js'
import { PlainStaging } from './plain-staging.js'
import { residentPages } from './resident-pages.js'
import type { Staging } from './staging.js'
import { StagingSlots } from './staging-slots.js'
import type { PageRun, SwapBacking } from './swap-backing.js'
import { UserfaultfdMemory } from './userfaultfd-memory.js'

export interface UserfaultfdBackingParts {
  readonly kernel: PagerKernel
  readonly data: SwapThreadData
  readonly map: PageMap
  /** Where the pages were for an earlier thread. */
  readonly places: PagePlaces
  /** Called for each layout event: see `UserfaultfdQueueParts`. */
  readonly onEvent: (messages: UffdMessages, index: number) => void
}

/** Swapped memory that a userfaultfd serves. */
export class UserfaultfdBacking implements SwapBacking {
  readonly faults: UserfaultfdQueue
  readonly memory: UserfaultfdMemory
  readonly #raw: LinuxUserfaultfd
  readonly #data: SwapThreadData
  readonly #map: PageMap
  readonly #places: PagePlaces
  readonly #staging: Staging
  readonly #slots: StagingSlots
  readonly #pageSize: number

  constructor({ kernel, data, map, places, onEvent }: UserfaultfdBackingParts) {
    const { pageSize } = kernel
    const raw = adoptUserfaultfd(data.source.descriptor)
    this.#raw = raw
    this.#data = data
    this.#map = map
    this.#places = places
    this.#pageSize = pageSize
    this.#staging = data.way === 'move' ? new MovedStaging(raw, kernel) : new PlainStaging(pageSize)
    this.#slots = new StagingSlots(data.slots)
    this.faults = new UserfaultfdQueue({ raw, name: data.source.name, pageSize, onEvent })
    this.memory = new UserfaultfdMemory({
      raw,
      faults: this.faults,
      map,
      moves: data.way === 'move',
      start: data.staging,
      staging: this.#staging,
      slots: this.#slots,
      pageSize,
    })
  }

  watch(): void {
    for (const range of this.#map.ranges) this.#register(range)
    const { way, staging } = this.#data
    if (way === 'move') this.#raw.register(BigInt(staging), this.#map.pages * this.#pageSize, UFFD_MODE.MISSING)
  }

  pages(): { readonly resident: readonly PageRun[]; readonly staged: readonly PageRun[] } {
    const { staging, continues } = this.#data
    // An entry that is no page is poison. Where a page was, the kernel has moved the page to its own swap space.
    const wasThere = (page: number) => !continues || this.#places.get(page) === PLACE.RESIDENT
    const all = [{ start: staging, page: 0, count: this.#map.pages }]
    return {
      resident: [...residentPages(this.#map.ranges, this.#pageSize, wasThere)],
      staged: continues ? this.#slots.resume(residentPages(all, this.#pageSize, () => true)) : [],
    }
  }

  followMissed(): void {
    this.faults.takeMissed()
  }

  discard({ start, length, advice }: Discarded): void {
    check(addon().adviseBare(start, length, advice), 'madvise', { address: BigInt(start), length })
  }

  serveAppended(address: number): void {
    if (this.#raw.zeropage(address, this.#pageSize, 0) !== 0) this.#raw.wake(address, this.#pageSize)
  }

  /** Pages that are lost stay poisoned. */
  release(): void {
    for (const { start, count } of this.#map.ranges) this.#unregister(start, count * this.#pageSize)
    if (this.#data.way === 'move') this.#unregister(this.#data.staging, this.#map.pages * this.#pageSize)
  }

  close(): void {
    this.#staging.close()
  }

  #register({ start, count, twin }: SwapRange): void {
    const isProtected = twin !== undefined || this.#data.way === 'write-protect'
    const mode = isProtected ? UFFD_MODE.MISSING | UFFD_MODE.WP : UFFD_MODE.MISSING
    try {
      this.#raw.register(BigInt(start), count * this.#pageSize, mode)
    } catch (error) {
      if (twin === undefined || !(error instanceof VmError) || error.code !== 'EINVAL') throw error
      throw VmError.withHint(error, 'of shared memory only memory files can be swapped, not files of a disk')
    }
  }

  #unregister(start: number, length: number): void {
    try {
      this.#raw.unregister(BigInt(start), length)
    } catch {
      // The range is already unmapped. Wake its waiters; they will fault again.
      this.#raw.wake(start, length)
    }
  }
}
