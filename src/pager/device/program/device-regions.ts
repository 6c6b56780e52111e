import type { LinuxRegion } from '../../../linux/regions/linux-region.js'
import { DeviceRegion } from './device-region.js'

/** The regions of one device that are mapped. It refers to them weakly. */
export class DeviceRegions {
  readonly #regions = new Set<WeakRef<LinuxRegion>>()

  add(region: LinuxRegion): void {
    this.all()
    this.#regions.add(new WeakRef(region))
  }

  remove(region: LinuxRegion): void {
    for (const known of this.#regions) if (known.deref() === region) this.#regions.delete(known)
  }

  all(): LinuxRegion[] {
    const mapped: LinuxRegion[] = []
    for (const known of this.#regions) {
      const region = known.deref()
      if (region !== undefined && DeviceRegion.of(region) !== undefined) mapped.push(region)
      else this.#regions.delete(known)
    }
    return mapped
  }
}
