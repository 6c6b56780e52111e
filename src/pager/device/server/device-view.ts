import { ERRNO_RESULT } from '../../../vocabulary/errno-result.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import type { FaultSource } from '../../source/fault-source.js'
import type { DeviceFile } from './device-file.js'
import type { DeviceMap } from './device-map.js'
import type { DeviceMaps } from './device-maps.js'
import type { OverlayPages } from './overlay-pages.js'

const { ENOENT, EAGAIN, EFAULT } = ERRNO_RESULT
/** How long a call is retried while another thread changes the layout, in milliseconds: that thread may have to wait for a processor. */
const PATIENCE = 2000
/** To sleep on. */
const nothing = new Int32Array(new SharedArrayBuffer(4))

/** The visible pages of a device: shows and hides pages in its maps. */
export class DeviceView {
  readonly #maps: DeviceMaps
  readonly #source: FaultSource
  readonly #file: DeviceFile
  readonly #placed: OverlayPages
  readonly #pageSize: number

  constructor(maps: DeviceMaps, source: FaultSource, file: DeviceFile, placed: OverlayPages, pageSize: number) {
    this.#maps = maps
    this.#source = source
    this.#file = file
    this.#placed = placed
    this.#pageSize = pageSize
  }

  /**
   * Makes pages of the device from the bytes of a driver, from `offset` on. Where possible it installs them through the map in which a
   * thread waits for the first of them, which shows them there at once, `writable` or as the map is. Returns that map if all of its part is shown. Throws `ENOMEM`.
   */
  put(map: DeviceMap | undefined, offset: number, bytes: Uint8Array, writable = false): DeviceMap | undefined {
    const { length } = bytes
    this.#file.noteFilled(offset, length)
    // A private map would get copies, and the device no page.
    const most = map?.shared && map.inserted.size === 0 ? Math.min(length, map.endOffset - offset) : 0
    const done =
      most === 0 ? 0 : this.#source.pages.put(map!.addressOf(offset), bytes, most, writable || !map!.notifiesWrites)
    if (done < length) this.#file.put(offset + done, bytes, done, length)
    return done > 0 && done === most ? map : undefined
  }

  /**
   * Shows the device's own pages that are in the file, also in place of a page of the driver. Throws `VmError`. The waiters of a page
   * that was dropped meanwhile fault again.
   */
  show(map: DeviceMap, address: number, length: number): void {
    if (map.inserted.size > 0) {
      for (let at = address; at < address + length; at += this.#pageSize) {
        if (map.inserted.has(at)) this.#placed.remove(map, at)
      }
    }
    const code = this.#showRun(map, address, length)
    if (code === 0) return
    if (code !== EFAULT && code !== ENOENT) {
      throw new VmError(code, 'UFFDIO_CONTINUE', { address: BigInt(address), length })
    }
    this.#source.faults.wake(address, length)
  }

  /** Shows pages of the device that are in memory wherever they are mapped. Pages of the driver stay. */
  showEverywhere(offset: number, length: number): void {
    for (const { map, start, end } of this.#maps.showing(offset, length)) {
      for (const run of this.#ownRuns(map, start, end)) this.#showRun(map, run.start, run.end - run.start)
    }
  }

  /** Hides pages of the device in every map but private ones that may have copies, which hiding would lose. */
  hide(offset: number, length: number): void {
    for (const { map, start, end } of this.#maps.showing(offset, length)) {
      if (!map.copies) this.#hideOwn(map, start, end)
    }
  }

  /** Takes the right to write from pages of the device, wherever they are mapped: the next write to one faults. Throws `VmError`. */
  protect(offset: number, length: number): void {
    for (const { map, start, end } of this.#maps.showing(offset, length)) {
      if (!map.notifiesWrites) continue
      for (const run of this.#ownRuns(map, start, end)) {
        const code = this.#source.pages.protect(run.start, run.end - run.start)
        if (code !== 0) throw new VmError(code, 'UFFDIO_WRITEPROTECT', { address: BigInt(run.start) })
      }
    }
  }

  /** Drops pages of the device, wherever they are mapped. */
  forget(offset: number, length: number): void {
    // Where a hole of the file would read as zeros, the page is hidden before it is dropped (P3).
    if (this.#source.pages.showsHoles) {
      for (const { map, start, end } of this.#maps.showing(offset, length)) this.#hideOwn(map, start, end)
    }
    this.#file.punch(offset, length)
  }

  /** `zap_page_range_single`: removes all pages of the range from the page table. */
  zap(address: number, size: number): void {
    const from = address - (address % this.#pageSize)
    const to = Math.ceil((address + size) / this.#pageSize) * this.#pageSize
    const map = this.#maps.at(from)
    if (map === undefined) return
    let code = this.#hideRun(map, from, to - from)
    for (const until = performance.now() + PATIENCE; code === EAGAIN && performance.now() < until; ) {
      Atomics.wait(nothing, 0, 0, 0.05)
      code = this.#hideRun(map, from, to - from)
    }
    if (code < 0) throw new VmError(code, 'zap_page_range_single', { address: BigInt(address), length: size })
  }

  #hideOwn(map: DeviceMap, start: number, end: number): void {
    for (const run of this.#ownRuns(map, start, end)) this.#hideRun(map, run.start, run.end - run.start)
  }

  #showRun(map: DeviceMap, address: number, length: number): number {
    this.#placed.setSeen(map, address, length, true)
    return this.#source.pages.show(address, length, !map.notifiesWrites)
  }

  #hideRun(map: DeviceMap, address: number, length: number): number {
    const code = this.#source.pages.hide(address, length)
    this.#placed.setSeen(map, address, length, false)
    return code
  }

  /** The runs of `[start, end)` that show the device's own pages. */
  #ownRuns(map: DeviceMap, start: number, end: number): { readonly start: number; readonly end: number }[] {
    if (map.inserted.size === 0) return [{ start, end }]
    const runs: { start: number; end: number }[] = []
    for (let at = start; at < end; at += this.#pageSize) {
      if (map.inserted.has(at)) continue
      const last = runs.at(-1)
      if (last?.end === at) last.end += this.#pageSize
      else runs.push({ start: at, end: at + this.#pageSize })
    }
    return runs
  }
}
