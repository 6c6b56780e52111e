/** Compresses pages one at a time, without waiting. */
export interface Compression {
  /** Returns the compressed page, which is valid until the next call. */
  compress(page: Uint8Array): Uint8Array
  /** Decompresses a page into `into`, which is exactly one page. Throws for bytes that are no compressed page. */
  decompress(bytes: Uint8Array, into: Uint8Array): void
}
