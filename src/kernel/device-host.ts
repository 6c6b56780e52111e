import type { FileOperations } from './file-operations.js'
import type { RawPage } from './raw-page.js'

/** Whoever calls a device's file operations: the modelled kernel inside its own `mmap`, or the pager on Linux. */
export interface DeviceHost {
  /** Opens a device over the operations. Returns a descriptor that `mmap` takes. */
  openDevice(operations: FileOperations, options: { readonly size: number }): number
  /** `alloc_page`: a zeroed page that belongs to the driver. */
  allocatePage(): RawPage
  /** Takes device pages `[offset, offset + length)` away from every map of them: `unmap_mapping_range`. */
  invalidate(descriptor: number, offset: number, length: number): void
}
