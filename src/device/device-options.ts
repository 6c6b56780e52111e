import type { FaultSourceName } from '../vocabulary/fault-source-name.js'

/** How to open a device. */
export interface DeviceOptions<Options = unknown> {
  /**
   * What the driver's function is given. To a driver that is named by its URL it is given as `structuredClone` makes it, because it
   * crosses to another thread.
   */
  readonly driver?: Options
  /**
   * How long an access waits for the driver, in milliseconds: it throws a `MemoryFault` then, and the device goes on. As long, and half a
   * second, the driver's function and its `open` hook may take together: `openDevice` and `restart` reject with `ETIMEDOUT` then. 30 000
   * by default; `Infinity` waits for ever.
   */
  readonly timeout?: number
  /**
   * How many bytes the driver is asked for at once, rounded up to whole pages. A number is always that many; otherwise a fault asks for
   * `least`, one page by default, and sequential access makes more of it, up to `most`, 64 KiB by default.
   */
  readonly run?: number | { readonly least?: number; readonly most?: number }
  /**
   * How many bytes of the device may be in memory at once: pages that were not used lately are dropped, and asked for again when they
   * are touched. Such a device can't be written. No limit by default; at least 16 pages, and two of the longest `run`. What is being
   * filled counts; where so many faults wait at once that it alone is more, it comes on top for as long.
   */
  readonly residentLimit?: number
  /** Which way to take faults: the best that the machine allows by default. */
  readonly source?: FaultSourceName
  /** Ends the opening, and closes the device once it is open. */
  readonly signal?: AbortSignal
}
