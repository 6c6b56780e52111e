/** What a store is given when it is opened. */
export interface PageStoreHost {
  /** Bytes a page. */
  readonly pageSize: number
  /**
   * preadv2(2) with `RWF_NOWAIT`: reads what is in the page cache and never waits for a disk. Returns the bytes, or a negative error
   * number: `-EAGAIN` where the disk is needed. Missing where the kernel has no such call.
   */
  readonly readCached?: (descriptor: number, into: Uint8Array, position: number) => number
  /** fallocate(2): reserves room in a file. Returns 0 or a negative error number. Missing where the kernel has no such call. */
  readonly allocate?: (descriptor: number, position: number, length: number) => number
  /**
   * pwrite(2) of each piece at its position of a file, all by one job of another thread. Their memory must not change until the promise
   * settles: with 0, or with a negative error number, after which any of them may be written. Jobs that share `turn`, an array of one
   * element over an `ArrayBuffer` of its own, run one after the other. Missing where the kernel has no such call.
   */
  readonly writePieces?: (
    descriptor: number,
    pieces: readonly Uint8Array[],
    positions: Float64Array,
    turn: Int32Array,
  ) => Promise<number>
  /**
   * Decompresses a block of LZ4, without a frame. Returns the number of bytes, or a negative error number for what is no such block, or a
   * longer one than there is room for.
   */
  readonly decompressLz4?: (bytes: Uint8Array, into: Uint8Array) => number
}
