import type { DeviceDriver } from '../kernel/device-driver.js'

/** Carries the type of a driver's options. It has no value at run time. */
declare const options: unique symbol

/** A device that `defineDevice` defined: what a driver module exports, and what `openDevice` takes where the kernel can call it. */
export class DeviceDefinition<Options = undefined> implements DeviceDriver {
  /** Carries the type of the options. It has no value at run time. */
  declare readonly [options]: (options: Options) => void
  /** The raw operations of one device. */
  readonly operations: DeviceDriver['operations']

  /** @internal */
  constructor(operations: DeviceDriver['operations']) {
    this.operations = operations
  }
}
