import { addon } from './addon/addon.js'

/** What page stores get from this kernel and the addon, and Node does not have. */
export const pageStoreHost = {
  readCached: (descriptor: number, into: Uint8Array, position: number): number =>
    addon().readCached(descriptor, into, position),
  allocate: (descriptor: number, position: number, length: number): number =>
    addon().allocateFile(descriptor, position, length),
  writePieces: async (
    descriptor: number,
    pieces: readonly Uint8Array[],
    positions: Float64Array,
    turn: Int32Array,
  ): Promise<number> => addon().writePiecesAsync(descriptor, pieces, positions, turn),
  decompressLz4: (bytes: Uint8Array, into: Uint8Array): number => addon().decompressLz4(bytes, into),
}
