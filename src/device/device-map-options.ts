import type { MmapOptions } from '../mapping/memory/mmap-options.js'

/** What part of a device to map, and how. */
export interface DeviceMapOptions
  extends Pick<MmapOptions, 'length' | 'shared' | 'address' | 'fixed' | 'noReserve' | 'noCoreDump' | 'advice'> {
  /** Where in the device the mapping begins, in bytes. Need not be on a page. Default 0. */
  readonly offset?: number
  /** What may be done with the memory: `'read'` gives an `Mmap`, `'write'` an `MmapMut`. Default `'read'`. */
  readonly protection?: 'read' | 'write'
}
