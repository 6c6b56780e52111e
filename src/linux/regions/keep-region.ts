import type { Region } from '../../kernel/region.js'

class Given {
  constructor(buffer: ArrayBuffer) {
    // biome-ignore lint/correctness/noConstructorReturn: the subclass is to define its private field in the buffer itself.
    return buffer
  }
}

class KeepsRegion extends Given {
  // biome-ignore lint/correctness/noUnusedPrivateClassMembers: it refers to the region, which is all that it is for.
  readonly #region: Region

  constructor(buffer: ArrayBuffer, region: Region) {
    super(buffer)
    this.#region = region
  }
}

/**
 * Gives a buffer a private field with its region: while anything refers to the buffer, detached or not, the region's object is not collected.
 * No property shows it, and it takes a fraction of the time of a finalizer or of an entry in a `WeakMap`.
 */
export function keepRegion(buffer: ArrayBuffer, region: Region): void {
  new KeepsRegion(buffer, region)
}
