/** How pages of private memory leave: by `UFFDIO_MOVE`, or by write protection and a copy. */
export type SwapWay = 'move' | 'write-protect'
