import type { DeviceDriver } from '../kernel/device-driver.js'
import type { Kernel } from '../kernel/kernel.js'
import type { ProcessMemory } from '../mapping/memory/process-memory.js'
import { ensureStack } from '../vocabulary/errors/ensure-stack.js'
import { moduleUrl } from '../vocabulary/options/module-url.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { Device } from './device.js'
import type { DeviceDefinition } from './device-definition.js'
import type { DeviceObserver } from './device-observer.js'
import type { DeviceOptions } from './device-options.js'
import { rawDeviceOptions } from './raw-device-options.js'

/** A driver: the URL of its module or, where the kernel can call its hooks, what `defineDevice` returned. */
export type DeviceModule<Options> = string | URL | DeviceDefinition<Options>

/** Opens a device: checks the options, and asks the kernel. */
export async function openDevice<Options>(
  memory: ProcessMemory,
  module: DeviceModule<Options>,
  options: DeviceOptions<Options> = {},
  observer?: DeviceObserver,
): Promise<Device> {
  ensureStack(100)
  const { kernel } = memory
  const raw = rawDeviceOptions(options, kernel.pageSize)
  const driver = driverOf(kernel, module)
  raw.signal?.throwIfAborted()
  const device =
    typeof driver === 'string'
      ? await kernel.devices.open(driver, { ...raw, driver: clone(raw.driver) })
      : await kernel.devices.open(driver, raw)
  const name = typeof driver === 'string' ? driver : 'a definition'
  return new Device({ raw: device, name, memory, observer, residentLimit: raw.residentLimit })
}

function driverOf(kernel: Kernel, module: unknown): string | DeviceDriver {
  if (module instanceof URL || typeof module === 'string') return moduleUrl('a driver module', module)
  if (typeof module !== 'object' || module === null || typeof (module as DeviceDriver).operations !== 'function') {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `a driver is the URL of its module, or what defineDevice returned, and this is ${String(module)}`,
    )
  }
  if (kernel.kind === 'linux') {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      'on the running kernel the hooks of a driver run on a thread of their own: put the definition into a module of its own, and give its URL',
    )
  }
  return module as DeviceDriver
}

function clone(driver: unknown): unknown {
  try {
    return structuredClone(driver)
  } catch (cause) {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `what is given to a driver module must be what structuredClone can copy: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    )
  }
}
