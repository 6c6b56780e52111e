import type { FaultSourceName } from '../vocabulary/fault-source-name.js'

/** How to open a device. */
export interface DeviceOptions<Options = unknown> {
  /**
   * The options of the driver's function. A driver that is named by its URL runs on another thread and gets a copy, as `structuredClone`
   * makes it.
   */
  readonly driver?: Options
  /**
   * How long an access waits for the driver, in milliseconds. An access that waits longer throws a `MemoryFault`, and the device keeps
   * serving. The driver's function and its `open` hook may take as long together, and on Linux half a second more: then `openDevice` and
   * `restart` reject with `ETIMEDOUT`. `Infinity` is no limit. @defaultValue 30 000
   */
  readonly timeout?: number
  /**
   * How many bytes one request to the driver is for, rounded up to whole pages. With a number each request is that long. Otherwise a fault
   * requests `least` bytes (default: one page), and sequential access lets that grow up to `most` (default: 64 KiB).
   */
  readonly run?: number | { readonly least?: number; readonly most?: number }
  /**
   * How many bytes of the device may be in memory at once, at least 16 pages and twice the longest `run`. Pages that were not used lately
   * are dropped, and requested again when they are touched; the driver's `writeback` hook gets what was written first, and without that hook
   * the device can't be written. Pending requests count; where they alone exceed the limit, they are on top of it until they are answered.
   * @defaultValue no limit
   */
  readonly residentLimit?: number
  /** How faults are taken. @defaultValue the best way that the machine allows */
  readonly source?: FaultSourceName
  /** Aborts the opening, and closes the device once it is open. */
  readonly signal?: AbortSignal
}
