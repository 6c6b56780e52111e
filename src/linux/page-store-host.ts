import { addon } from './addon/addon.js'

/** What this kernel offers page stores: the calls on files that Node does not have. */
export const pageStoreHost = {
  readCached: (descriptor: number, into: Uint8Array, position: number): number =>
    addon().readCached(descriptor, into, position),
  allocate: (descriptor: number, position: number, length: number): number =>
    addon().allocateFile(descriptor, position, length),
}
