/**
 * How pages of private memory leave: by `UFFDIO_MOVE`, by write protection and a copy, or hidden by the guard, in place.
 */
export type SwapWay = 'move' | 'write-protect' | 'guard'
