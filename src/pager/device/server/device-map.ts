import type { DeviceArea } from './device-area.js'
import type { DriverPage } from './driver-page.js'
import type { FilePage } from './map-file-page.js'

export interface DeviceMapInit {
  readonly area: DeviceArea
  readonly start: number
  readonly end: number
  readonly offset: number
  readonly shared: boolean
  readonly protection: number
  readonly notifiesWrites: boolean
  readonly copies: boolean
}

/** One map of a device, on the pager's side: the addresses of a part of the device. */
export class DeviceMap {
  readonly area: DeviceArea
  readonly start: number
  end: number
  /** The offset in the device at `start`, in bytes. */
  readonly offset: number
  readonly shared: boolean
  /** `PROT`: what the program may do there. */
  protection: number
  /** Whether the first write to a page calls the driver's `pageMkwrite` hook. */
  readonly notifiesWrites: boolean
  /** Whether it is private and may have been written to. */
  copies: boolean
  /** The pages that were mapped over the map one at a time, by address. */
  readonly placed = new Map<number, FilePage>()
  /** Pages of the driver, by address. */
  readonly inserted = new Map<number, DriverPage>()

  constructor({ area, start, end, offset, shared, protection, notifiesWrites, copies }: DeviceMapInit) {
    this.area = area
    this.start = start
    this.end = end
    this.offset = offset
    this.shared = shared
    this.protection = protection
    this.notifiesWrites = notifiesWrites
    this.copies = copies
  }

  /** The offset in the device at `end`, in bytes. */
  get endOffset(): number {
    return this.offset + (this.end - this.start)
  }

  offsetAt(address: number): number {
    return this.offset + (address - this.start)
  }

  addressOf(offset: number): number {
    return this.start + (offset - this.offset)
  }

  /** Truncates the map at the address. Returns a map of the rest. */
  cutAt(address: number): DeviceMap {
    const rest = new DeviceMap({ ...this, start: address, offset: this.offsetAt(address) })
    this.end = address
    give(this.placed, rest.placed, address)
    give(this.inserted, rest.inserted, address)
    return rest
  }
}

/** Removes and returns the entries at the address and above. */
function give<T>(from: Map<number, T>, to: Map<number, T>, address: number): void {
  for (const [at, page] of from) {
    if (at < address) continue
    from.delete(at)
    to.set(at, page)
  }
}
