/** A change of a device. `death`: its driver has ended unexpectedly. */
export type DeviceChange = 'open' | 'death' | 'restart' | 'close'

/** Is called for each change of the devices of a process. */
export interface DeviceObserver {
  /** A device changed. `name` is its driver; `cause` is the error that ended the driver. */
  device(change: DeviceChange, name: string, cause?: Error): void
}
