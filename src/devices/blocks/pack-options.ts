import type { Algorithm } from './algorithm.js'

/** How to pack. */
export interface PackOptions {
  /** `gzip`, the default, gives a file that `gunzip` unpacks as well; `deflate` the same a little smaller; `brotli` the smallest. */
  readonly algorithm?: Algorithm
  /** The compression level: 1 to 9, or 0 to 11 for `brotli`. By default 6, or 9. */
  readonly level?: number
  /** Bytes of a block: a multiple of 4096, at most 16 MiB, by default 64 KiB. A touch of one byte decompresses one block. */
  readonly blockSize?: number
  /** Aborts the packing; no file is left behind. */
  readonly signal?: AbortSignal
}
