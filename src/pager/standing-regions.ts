import type { PagedRegion } from './paged-region.js'

/** The regions of one device that are mapped, as long as somebody has them. */
export class StandingRegions {
  readonly #regions = new Set<WeakRef<PagedRegion>>()

  add(region: PagedRegion): void {
    this.all()
    this.#regions.add(new WeakRef(region))
  }

  remove(region: PagedRegion): void {
    for (const known of this.#regions) if (known.deref() === region) this.#regions.delete(known)
  }

  all(): PagedRegion[] {
    const standing: PagedRegion[] = []
    for (const known of this.#regions) {
      const region = known.deref()
      if (region?.part !== undefined) standing.push(region)
      else this.#regions.delete(known)
    }
    return standing
  }
}
