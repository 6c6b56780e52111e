import type { MmapOptions } from '../mapping/memory/mmap-options.js'

/** What part of a device to map, and how. */
export interface DeviceMapOptions
  extends Pick<
    MmapOptions,
    'length' | 'shared' | 'address' | 'fixed' | 'foreign' | 'noReserve' | 'noCoreDump' | 'advice'
  > {
  /** The offset in the device at which the mapping begins, in bytes. It need not be a multiple of a page. Default 0. */
  readonly offset?: number
  /** What may be done with the memory: `'read'` gives an `Mmap`, `'write'` an `MmapMut`. Default `'read'`. */
  readonly protection?: 'read' | 'write'
}
