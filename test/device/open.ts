import type { Device, DeviceContext, DeviceHooks, DeviceOptions } from '#vmarea/device.js'
import { defineDevice } from '#vmarea/device.js'
import type { Area } from '#vmarea/kernel/area.js'
import { Machine, type ModelledProcess } from '#vmarea/model.js'

export const PAGE = 4096

export interface Opened {
  readonly machine: Machine
  readonly process: ModelledProcess
  readonly device: Device
  /** What the driver may ask. */
  readonly context: DeviceContext
  area(address: bigint): Area
}

/** A device on a modelled machine of its own, with these hooks: of 16 pages, if they do not say. */
export async function open(
  hooks: DeviceHooks | ((device: DeviceContext) => DeviceHooks),
  options: DeviceOptions = {},
): Promise<Opened> {
  const machine = new Machine()
  const process = machine.spawn()
  let context: DeviceContext | undefined
  const definition = defineDevice<unknown>((_options, device) => {
    context = device
    const made = typeof hooks === 'function' ? hooks(device) : hooks
    return 'size' in made ? made : Object.assign(made, { size: 16 * PAGE })
  })
  const device = await process.openDevice(definition, options)
  return {
    machine,
    process,
    device,
    context: context!,
    area: (address) => process.kernel.addressSpace.lookup(address)!,
  }
}

/** The byte at an offset, read as the program does. */
export function byteAt(memory: { read(offset: number, target: Uint8Array): Uint8Array }, offset: number): number {
  return memory.read(offset, new Uint8Array(1))[0]!
}
