import type { DeviceHost } from '../kernel/device-host.js'
import { hookError } from '../kernel/errors/hook-error.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { DeviceContext } from './device-context.js'
import { DeviceDefinition } from './device-definition.js'
import type { DeviceHooks } from './device-hooks.js'
import { fileOperations } from './file-operations.js'

/** Makes the hooks of one device: called once for each device that is opened, with what the program gave as `driver`. */
export type DeviceSetup<Options> = (options: Options, device: DeviceContext) => DeviceHooks | Promise<DeviceHooks>

/**
 * Defines a device: what a driver module exports as its default.
 *
 * The same module runs on Linux, on a thread of its own, and in the model. Keep the state of a device in `setup`, not in the module: a
 * module is loaded once for each thread, and `setup` is called for each device.
 *
 * @example
 * export default defineDevice<{ byte: number }>(({ byte }) => ({
 *   fault(fault) {
 *     fault.bytes.fill(byte)
 *   },
 * }))
 */
export function defineDevice<Options = undefined>(setup: DeviceSetup<Options>): DeviceDefinition<Options> {
  if (typeof setup !== 'function') {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `defineDevice takes a function that returns the hooks, and this is ${String(setup)}`,
    )
  }
  return new DeviceDefinition<Options>(async (options, host) => fileOperations(await hooksOf(setup, options, host)))
}

async function hooksOf<Options>(setup: DeviceSetup<Options>, options: unknown, host: DeviceHost): Promise<DeviceHooks> {
  try {
    return await setup(options as Options, new DeviceContext(host))
  } catch (error) {
    throw hookError(error, 'setup')
  }
}
