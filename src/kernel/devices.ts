import type { FaultSourceName } from '../vocabulary/fault-source-name.js'
import type { DeviceDriver } from './device-driver.js'
import type { RawDevice } from './raw-device.js'

/** How a kernel opens devices. */
export interface Devices {
  /**
   * Opens a device. `driver` is the URL of a module whose default export is a `DeviceDriver`, or one itself where the kernel can call
   * it: the running kernel can't, because a thread that waits for a hook can't run it.
   */
  open(driver: string | DeviceDriver, options: RawDeviceOptions): Promise<RawDevice>
}

/** Checked options of a device: times in milliseconds, sizes in bytes, all with a value. */
export interface RawDeviceOptions {
  /** What the driver is given. On Linux it crosses to another thread, by structured clone. */
  readonly driver: unknown
  /** How long an access waits for one answer of the driver. `Infinity` is no limit. */
  readonly timeout: number
  /** How many bytes one fault requests: at least `least`, and with sequential access up to `most`. Whole pages. */
  readonly run: { readonly least: number; readonly most: number }
  /**
   * How many bytes of the device may be in memory at once. `Infinity` is no limit. With one and without a `writeback` hook the device's file
   * is open for reading alone: a shared map of it has no `VM_MAYWRITE`, so that it can't become writable (`EACCES`).
   */
  readonly residentLimit: number
  /** The source of faults; `undefined` for the best that the machine allows. */
  readonly source: FaultSourceName | undefined
  readonly signal: AbortSignal | undefined
}
