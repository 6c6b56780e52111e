import type { Device } from '../../device/device.js'
import type { DeviceOptions } from '../../device/device-options.js'
import type { ConformanceCase, Subject } from '../conformance-case.js'
import type { ProbeOptions } from '../drivers/probe-options.js'
import { openProbe } from './open-probe.js'

/** Makes a case with a device of 16 pages, which is closed after the case. */
export function withDevice(
  probe: (page: number) => ProbeOptions,
  run: (device: Device, subject: Subject) => void | Promise<void>,
  options: (page: number) => Omit<DeviceOptions, 'driver'> = () => ({}),
): ConformanceCase {
  return {
    needs: ['devices'],
    async run(subject) {
      const { process, page } = subject
      await using device = await openProbe(
        process,
        { size: 16 * page, ...probe(page) },
        { run: page, ...options(page) },
      )
      await run(device, subject)
    },
  }
}
