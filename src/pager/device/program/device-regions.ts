import type { DeviceRegion } from './device-region.js'

/** The regions of one device that are mapped, as long as somebody has them. */
export class DeviceRegions {
  readonly #regions = new Set<WeakRef<DeviceRegion>>()

  add(region: DeviceRegion): void {
    this.all()
    this.#regions.add(new WeakRef(region))
  }

  remove(region: DeviceRegion): void {
    for (const known of this.#regions) if (known.deref() === region) this.#regions.delete(known)
  }

  all(): DeviceRegion[] {
    const standing: DeviceRegion[] = []
    for (const known of this.#regions) {
      const region = known.deref()
      if (region?.part !== undefined) standing.push(region)
      else this.#regions.delete(known)
    }
    return standing
  }
}
