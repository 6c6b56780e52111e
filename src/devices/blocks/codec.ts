/** One way to compress a block. */
export interface Codec {
  /** Its number in the header. */
  readonly number: number
  /** The ten bytes with which each frame of the file begins. */
  readonly signature: Uint8Array
  /** What a packed file's name ends in. */
  readonly extension: string
  /**
   * Whether the file is what this algorithm's own tool unpacks. Then no block may be left out or stored as it is: even zeros are
   * compressed, and what does not shrink is the algorithm's own affair.
   */
  readonly selfContained: boolean
  readonly level: { readonly least: number; readonly usual: number; readonly most: number }
  /** On libuv's thread pool. */
  compress(block: Uint8Array, level: number): Promise<Uint8Array>
  /**
   * On this thread. Throws what zlib throws when `packed` is no such stream, or one that gives more than `length` bytes; it may give
   * fewer.
   */
  decompress(packed: Uint8Array, length: number): Uint8Array
}
