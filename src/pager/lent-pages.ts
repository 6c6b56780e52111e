import type { Region } from '../kernel/region.js'

/** Pages of a device's file that a driver fills where they are. */
export interface LentPages {
  readonly bytes: Uint8Array
  /** The window that they are seen through. */
  readonly region: Region
  /** Where they are in the region, in bytes. */
  readonly place: number
}
