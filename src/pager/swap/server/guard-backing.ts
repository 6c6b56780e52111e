import { addon } from '../../../linux/addon/addon.js'
import { check } from '../../../linux/addon/check.js'
import type { PageMap } from '../../../paging/swap/page-map.js'
import { MAP } from '../../../vocabulary/map.js'
import { PROT } from '../../../vocabulary/prot.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import { GuardSource } from '../../source/guard-source.js'
import type { PagerKernel } from '../../thread/pager-kernel.js'
import type { Discarded, SwapThreadData } from '../swap-thread-data.js'
import { HiddenMemory } from './hidden-memory.js'
import { residentPages } from './resident-pages.js'
import type { PageRun, SwapBacking } from './swap-backing.js'

/** Swapped memory whose faults the guard takes. */
export class GuardBacking implements SwapBacking {
  readonly faults: GuardSource
  readonly memory: HiddenMemory
  readonly #data: SwapThreadData
  readonly #map: PageMap
  readonly #pageSize: number

  constructor(kernel: PagerKernel, data: SwapThreadData, map: PageMap) {
    const { pageSize } = kernel
    this.#data = data
    this.#map = map
    this.#pageSize = pageSize
    checkHiddenWrites(kernel)
    // A guard marker would discard the content of a private page.
    this.faults = new GuardSource({ timeout: data.deadline, guardMarkers: false })
    this.memory = new HiddenMemory(this.faults, map, pageSize)
  }

  watch(): void {
    for (const { start, count } of this.#map.ranges) {
      this.faults.watch(start, count * this.#pageSize, PROT.READ | PROT.WRITE, false)
    }
    for (const { start, length, protection } of this.#data.protections) {
      this.faults.setProtection(start, length, protection)
    }
  }

  /** Pages leave in place: those that an earlier thread has staged are in memory. */
  pages(): { readonly resident: readonly PageRun[]; readonly staged: readonly PageRun[] } {
    const resident = [...residentPages(this.#map.ranges, this.#pageSize, () => true)]
    for (const { page, count } of resident) this.memory.unstage(page, count)
    return { resident, staged: [] }
  }

  followMissed(): void {}

  discard({ start, length, advice }: Discarded): void {
    const range = { address: BigInt(start), length }
    let isShared = false
    for (const { page, count } of this.#map.pagesIn(start, start + length)) {
      const twin = this.#map.twinOf(page)
      if (twin === undefined) continue
      isShared = true
      // The kernel punches no holes by way of a map that may not be written, as hidden pages are.
      this.memory.stage(page, count)
      check(addon().adviseBare(twin, count * this.#pageSize, advice), 'madvise', range)
    }
    if (!isShared) check(addon().adviseBare(start, length, advice), 'madvise', range)
  }

  serveAppended(address: number): void {
    this.faults.wake(address, this.#pageSize)
  }

  release(isLost: (page: number) => boolean): void {
    for (const { start, page: first, count } of this.#map.ranges) {
      if (start < 0) continue
      for (let page = first; page < first + count; ) {
        const from = page
        const lost = isLost(page)
        while (page < first + count && isLost(page) === lost) page++
        // A lost page stays watched by a source that is closed, and an access to it fails.
        if (lost) continue
        const [address, length] = [start + (from - first) * this.#pageSize, (page - from) * this.#pageSize]
        this.faults.show(address, length, true)
        this.faults.unwatch(address, length)
      }
    }
  }

  close(): void {
    this.faults.close()
  }
}

/** Throws where the kernel does not let /proc/self/mem write to memory without permission: no page could come back. */
function checkHiddenWrites({ regions, pageSize }: PagerKernel): void {
  const region = regions.mapRegion(0n, pageSize, PROT.NONE, MAP.PRIVATE | MAP.ANONYMOUS, -1, 0, pageSize)
  const done = addon().writeHidden(Number(region.start), new Uint8Array(pageSize))
  region.unmap()
  if (done === pageSize) return
  throw new VmError('EPERM', 'swap', {
    hint: 'without a userfaultfd, pages come back through /proc/self/mem, which this machine does not let write to hidden memory',
  })
}
