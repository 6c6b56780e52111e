import type { RawPage } from '../../../kernel/raw-page.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import type { PageRequest } from '../../requests/page-request.js'
import type { ResidentList } from '../../requests/resident-list.js'
import type { FaultSource } from '../../source/fault-source.js'
import { COUNTER, type PagerState } from '../../thread/pager-state.js'
import type { DeviceMap } from './device-map.js'
import type { DeviceMaps } from './device-maps.js'
import type { DeviceView } from './device-view.js'
import { DriverPage } from './driver-page.js'
import type { DriverPages } from './driver-pages.js'
import type { OverlayPages } from './overlay-pages.js'

export interface SettleRequestInit {
  readonly maps: DeviceMaps
  readonly source: FaultSource
  readonly view: DeviceView
  readonly placed: OverlayPages
  readonly pages: DriverPages
  readonly resident: ResidentList | undefined
  readonly state: PagerState
  readonly pageSize: number
}

/** Gives those who wait what a driver has answered. */
export class SettleRequest {
  readonly #maps: DeviceMaps
  readonly #source: FaultSource
  readonly #view: DeviceView
  readonly #placed: OverlayPages
  readonly #pages: DriverPages
  readonly #resident: ResidentList | undefined
  readonly #state: PagerState
  readonly #pageSize: number

  constructor({ maps, source, view, placed, pages, resident, state, pageSize }: SettleRequestInit) {
    this.#maps = maps
    this.#source = source
    this.#view = view
    this.#placed = placed
    this.#pages = pages
    this.#resident = resident
    this.#state = state
    this.#pageSize = pageSize
  }

  /** Throws what keeps the pages from being shown; `fill.counted` tells then whether those who wait still count as waiting. */
  give(fill: PageRequest): void {
    if (fill.firstWrite) this.#allowWrite(fill)
    else if (fill.given !== undefined) this.#giveDriverPage(fill, this.driverPage(fill.given, 'fault'))
    else if (fill.inserted) this.#lookAgain(fill)
    else this.#giveOwnPages(fill)
  }

  /** The page, if it is one that the driver of this device owns. Throws `EINVAL`. */
  driverPage(page: RawPage, call: string): DriverPage {
    if (page instanceof DriverPage && page.pages === this.#pages && !page.orphaned) return page
    throw new VmError('EINVAL', call, { hint: 'this is no page that the driver of this device owns' })
  }

  #giveOwnPages(fill: PageRequest): void {
    const { offset, length, bytes, waiters } = fill
    if (bytes.length !== length) {
      throw new VmError('EINVAL', 'fault', { hint: 'the driver has given the buffer of fault.bytes away' })
    }
    this.#count(fill)
    const { counters } = this.#state
    counters[COUNTER.BYTES_FILLED]! += length
    this.#resident?.touch(offset, length)
    let shown: DeviceMap | undefined
    try {
      shown = this.#view.put(this.#maps.at(waiters[0]?.address ?? -1), offset, bytes)
    } catch (error) {
      counters[COUNTER.BYTES_FILLED]! -= length
      this.#resident?.remove(offset, length)
      throw error
    }
    for (const { address } of waiters) {
      if (address < 0) {
        this.#view.showEverywhere(offset, length)
        continue
      }
      const map = this.#maps.at(address)
      if (map === undefined) {
        this.#source.faults.wake(address, this.#pageSize)
      } else if (map !== shown) {
        const from = Math.max(map.start, map.addressOf(offset))
        this.#view.show(map, from, Math.min(map.end, map.addressOf(offset + length)) - from)
        shown = map
      }
    }
  }

  #giveDriverPage(fill: PageRequest, page: DriverPage): void {
    this.#count(fill)
    for (const { address, offset } of fill.waiters) {
      if (address < 0) continue
      const map = this.#maps.at(address)
      // The answer is for the page that the driver was asked for: who waits for another one of the run asks himself.
      if (map === undefined || offset !== fill.offset) this.#source.faults.wake(address, this.#pageSize)
      else this.#placed.insert(map, address, page)
    }
  }

  // VM_FAULT_NOPAGE: the hook has put a page there itself.
  #lookAgain(fill: PageRequest): void {
    this.#count(fill)
    for (const { address } of fill.waiters) if (address >= 0) this.#source.faults.wake(address, this.#pageSize)
  }

  #allowWrite(fill: PageRequest): void {
    this.#count(fill)
    for (const { address } of fill.waiters) {
      const map = this.#maps.at(address)
      if (map !== undefined) this.#placed.allowWrite(map, address)
      const code = map === undefined ? 0 : this.#source.pages.show(address, this.#pageSize, true)
      if (code !== 0) this.#source.faults.wake(address, this.#pageSize) // The page has gone: who waits faults anew.
    }
  }

  // Before they are let go on, so that who looks at the counters then finds himself counted. Room is made before that, too.
  #count(fill: PageRequest): void {
    const { waiters } = fill
    fill.counted = true
    const now = performance.now()
    this.#state.counters[COUNTER.WAITING]! -= waiters.length
    for (const { address, since } of waiters) if (address >= 0) this.#state.countLatency(now - since)
  }
}
