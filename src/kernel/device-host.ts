import type { RawPage } from './raw-page.js'

/** The calls of a driver to the kernel that hosts it: the modelled kernel, or the pager on Linux. */
export interface DeviceHost {
  /** Bytes a page. */
  readonly pageSize: number
  /** `alloc_page`: a zeroed page that belongs to the driver. */
  allocatePage(): RawPage
  /**
   * `unmap_mapping_range` without copies: unmaps the device's own pages in `[offset, offset + length)` everywhere and drops their bytes,
   * so that the next touch calls the `fault` hook. Private copies of a program stay.
   */
  invalidate(offset: number, length: number): void
  /** Aborted when the device is closed or its thread is to end. */
  readonly signal: AbortSignal
}
