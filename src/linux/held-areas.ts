import type { Area } from '../kernel/area.js'
import type { RawPage } from '../kernel/raw-page.js'

/** What the library does for areas of devices that are served from user space, because the running kernel can't. */
export interface HeldAreas {
  /** Maps a page of the driver's. Throws `VmError`, `EINVAL` for an area that is no device's. */
  insertPage(area: Area, address: bigint, page: RawPage): void
}
