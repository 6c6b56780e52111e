/** A compression algorithm for blocks. */
export interface Codec {
  /** Its number in the header. */
  readonly number: number
  /** The ten bytes with which each frame of the file begins. */
  readonly signature: Uint8Array
  /** The suffix of a packed file's name. */
  readonly extension: string
  /**
   * Whether this algorithm's own tool can unpack the file. Then no block may be left out or stored uncompressed: blocks of zeros and
   * blocks that do not shrink are compressed too.
   */
  readonly selfContained: boolean
  readonly level: { readonly least: number; readonly usual: number; readonly most: number }
  /** Compresses on libuv's thread pool. */
  compress(block: Uint8Array, level: number): Promise<Uint8Array>
  /**
   * Decompresses on this thread. Throws zlib's error when `packed` is no such stream, or has more than `length` bytes; it may have fewer.
   */
  decompress(packed: Uint8Array, length: number): Uint8Array
}
