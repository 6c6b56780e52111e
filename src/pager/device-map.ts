import type { DeviceArea } from './device-area.js'
import type { DriverPage } from './driver-page.js'
import type { FilePage } from './map-file-page.js'

/** One map of a device, on the pager's side: which part of the device is where. */
export interface DeviceMap {
  readonly area: DeviceArea
  start: number
  end: number
  /** Of the device, at `start`. */
  offset: number
  readonly shared: boolean
  /** `PROT`: what the program may do there. */
  protection: number
  /** The first write to a page is asked for. */
  readonly notifiesWrites: boolean
  /** It is private, and may have been written to. */
  copies: boolean
  /** What was mapped over the map a page at a time, by address. */
  readonly placed: Map<number, FilePage>
  /** Pages of the driver's, by address. */
  readonly inserted: Map<number, DriverPage>
}
