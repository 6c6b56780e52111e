import type { RawPage } from './raw-page.js'

/** What a driver may ask of the kernel that hosts it: the modelled kernel, or the pager on Linux. */
export interface DeviceHost {
  /** Bytes a page. */
  readonly pageSize: number
  /** `alloc_page`: a zeroed page that belongs to the driver. */
  allocatePage(): RawPage
  /**
   * `unmap_mapping_range` without copies: takes the device's own pages in `[offset, offset + length)` away from every map of them and
   * forgets what they held, so that the next touch asks the `fault` hook. Private copies that a program made by writing stay its own.
   */
  invalidate(offset: number, length: number): void
  /** Aborted when the device is closed, or its thread told to end. */
  readonly signal: AbortSignal
}
