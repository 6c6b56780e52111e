/** Compresses pages one at a time, without waiting. */
export interface Compression {
  /** The page in fewer bytes, valid until the next call. */
  compress(page: Uint8Array): Uint8Array
  /** The page whose compressed bytes these are. `into` is exactly one page. Throws for bytes that are none. */
  decompress(bytes: Uint8Array, into: Uint8Array): void
}
