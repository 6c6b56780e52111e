/** What became of a device. `death`: its driver has ended without having been asked to. */
export type DeviceChange = 'open' | 'death' | 'restart' | 'close'

/** Hears of what happens to the devices of a process. */
export interface DeviceObserver {
  /** A device changed. `name` is its driver; `cause` is what it died of. */
  device(change: DeviceChange, name: string, cause?: Error): void
}
