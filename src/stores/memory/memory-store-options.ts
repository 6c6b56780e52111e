/** Options of `memoryStore`. */
export interface MemoryStoreOptions {
  /**
   * How pages are compressed: `'lz4'` by the package `lz4-napi`, which the program installs; `'deflate'` by `node:zlib`; `'none'` not at all.
   * Default: `'lz4'` where `lz4-napi` is installed, and `'deflate'` elsewhere.
   */
  readonly compression?: 'lz4' | 'deflate' | 'none'
  /** How many bytes of memory the compressed pages may take. Past it a write is refused with `ENOSPC`. Default: no limit. */
  readonly limit?: number
}
