import type { Device } from '../../device/device.js'
import type { DeviceOptions } from '../../device/device-options.js'
import type { Process } from '../../process.js'
import { driverUrl } from '../driver-url.js'
import type { ProbeOptions } from '../drivers/probe-options.js'

/** Opens a device of the suite's own driver. */
export function openProbe(
  process: Process,
  probe: ProbeOptions,
  options: Omit<DeviceOptions, 'driver'> = {},
): Promise<Device> {
  return process.openDevice<ProbeOptions>(driverUrl('probe'), { timeout: 20_000, ...options, driver: probe })
}
