import { PROT } from '../../../vocabulary/prot.js'
import type { FaultSource } from '../../source/fault-source.js'
import type { DeviceFile } from './device-file.js'
import type { DeviceMap } from './device-map.js'
import type { DriverPage } from './driver-page.js'
import { type FilePage, mapFilePage } from './map-file-page.js'

/**
 * Pages that are mapped over a map one at a time: pages of the driver, and the device's own pages that replace them.
 *
 * Each is an area of its own. A page is in its file before it is placed, so that it can be shown at once: it is never a hole.
 */
export class OverlayPages {
  readonly #source: FaultSource
  readonly #file: DeviceFile
  /** The source shows and hides overlays as it does the pages below them. */
  readonly #covered: boolean

  constructor(source: FaultSource, file: DeviceFile) {
    this.#source = source
    this.#file = file
    this.#covered = source.pages.coversOverlays
  }

  /** Puts a page of the driver's into the map. Those of an `mmap` hook are seen when the map is watched: `placeAll`. */
  insert(map: DeviceMap, address: number, page: DriverPage): void {
    page.take()
    map.inserted.get(address)?.drop()
    map.inserted.set(address, page)
    if (!map.area.hookRunning) this.#placeDriverPage(map, address, page)
  }

  /** Called when the map is watched. */
  placeAll(map: DeviceMap): void {
    for (const [address, page] of map.inserted) this.#placeDriverPage(map, address, page)
  }

  /** Replaces a page of the driver by the device's own page. */
  remove(map: DeviceMap, address: number): void {
    this.#place(map, address, { descriptor: this.#file.descriptor, offset: map.offsetAt(address) })
    map.inserted.get(address)!.drop()
    map.inserted.delete(address)
  }

  /** The guard hides and shows whole watched areas, which placed pages are not part of. */
  setSeen(map: DeviceMap, address: number, length: number, seen: boolean): void {
    if (map.placed.size === 0 || this.#covered) return
    for (const [at, page] of map.placed) {
      if (at < address || at >= address + length) continue
      this.#mapFilePage(at, page, seen ? this.#protection(map) : PROT.NONE, map.shared)
    }
  }

  /** Allows the program to write to the page, if it is a placed one. */
  allowWrite(map: DeviceMap, address: number): void {
    const page = map.placed.get(address)
    if (page !== undefined && !this.#covered) this.#mapFilePage(address, page, map.protection, true)
  }

  /** The program has changed the protection of the map. A page may have been placed after that change. */
  protect(map: DeviceMap, protection: number): void {
    for (const address of map.placed.keys()) this.#source.pages.protectOver(address, this.#file.pageSize, protection)
  }

  #placeDriverPage(map: DeviceMap, address: number, { descriptor, offset }: DriverPage): void {
    this.#place(map, address, { descriptor, offset })
    this.#source.pages.show(address, this.#file.pageSize, !map.notifiesWrites)
    this.#source.faults.wake(address, this.#file.pageSize)
  }

  #place(map: DeviceMap, address: number, page: FilePage): void {
    this.#mapFilePage(address, page, this.#protection(map), map.shared)
    map.placed.set(address, page)
  }

  #mapFilePage(address: number, page: FilePage, protection: number, shared: boolean): void {
    mapFilePage(this.#source, address, this.#file.pageSize, page, protection, shared)
  }

  #protection(map: DeviceMap): number {
    return map.notifiesWrites && !this.#covered ? map.protection & ~PROT.WRITE : map.protection
  }
}
