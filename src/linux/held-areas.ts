import type { Area } from '../kernel/area.js'
import type { RawPage } from '../kernel/raw-page.js'

/** What the library holds of areas that the running kernel can't: the flags and pages of devices that are served from user space. */
export interface HeldAreas {
  /** Flags to show beside the kernel's own. */
  flags(area: Area): bigint
  /** Maps a page of the driver's. Throws `VmError`, `EINVAL` for an area that is no device's. */
  insertPage(area: Area, address: bigint, page: RawPage): void
}
