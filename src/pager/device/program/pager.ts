import type { DeviceDriver } from '../../../kernel/device-driver.js'
import type { Devices, RawDeviceOptions } from '../../../kernel/devices.js'
import type { LinuxKernel } from '../../../linux/linux-kernel.js'
import { UsageError } from '../../../vocabulary/usage-error.js'
import { DeviceClient } from './device-client.js'

/** Opens devices on the running kernel: each has a thread of its own. */
export class Pager implements Devices {
  readonly #kernel: LinuxKernel

  constructor(kernel: LinuxKernel) {
    this.#kernel = kernel
  }

  async open(driver: string | DeviceDriver, options: RawDeviceOptions): Promise<DeviceClient> {
    if (typeof driver === 'string') return DeviceClient.open(this.#kernel, driver, options)
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      'on the running kernel the hooks of a driver run on a thread of their own: give the URL of its module',
    )
  }
}
