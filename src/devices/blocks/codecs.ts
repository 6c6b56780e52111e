import { promisify } from 'node:util'
import {
  type BrotliOptions,
  brotliCompress,
  brotliDecompressSync,
  constants,
  deflateRaw,
  gunzipSync,
  gzip,
  inflateRawSync,
  type ZlibOptions,
} from 'node:zlib'
import type { Algorithm } from './algorithm.js'
import type { Codec } from './codec.js'

/** A gzip header (RFC 1952) that announces an extra field, with an unknown time and an unknown system. */
const GZIP = Uint8Array.of(0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff)
/** No text: "\x89vmablk\r\n\x1a", which a transfer as text damages at once. */
const OWN = Uint8Array.of(0x89, 0x76, 0x6d, 0x61, 0x62, 0x6c, 0x6b, 0x0d, 0x0a, 0x1a)

const compressGzip = promisify<Uint8Array, ZlibOptions, Uint8Array>(gzip)
const compressDeflate = promisify<Uint8Array, ZlibOptions, Uint8Array>(deflateRaw)
const compressBrotli = promisify<Uint8Array, BrotliOptions, Uint8Array>(brotliCompress)

/** The algorithms by their names. */
export const CODECS: Readonly<Record<Algorithm, Codec>> = {
  gzip: {
    number: 1,
    signature: GZIP,
    extension: '.gz',
    selfContained: true,
    level: { least: 1, usual: 6, most: 9 },
    compress: (block, level) => compressGzip(block, { level, chunkSize: room(block.length) }),
    decompress: (packed, length) => gunzipSync(packed, bounds(length)),
  },
  deflate: {
    number: 2,
    signature: OWN,
    extension: '.blocks',
    selfContained: false,
    level: { least: 1, usual: 6, most: 9 },
    compress: (block, level) => compressDeflate(block, { level, chunkSize: room(block.length) }),
    decompress: (packed, length) => inflateRawSync(packed, bounds(length)),
  },
  brotli: {
    number: 3,
    signature: OWN,
    extension: '.blocks',
    selfContained: false,
    level: { least: 0, usual: 9, most: 11 },
    compress: (block, level) =>
      compressBrotli(block, {
        chunkSize: room(block.length),
        params: {
          [constants.BROTLI_PARAM_QUALITY]: level,
          [constants.BROTLI_PARAM_LGWIN]: windowBits(block.length),
          [constants.BROTLI_PARAM_SIZE_HINT]: block.length,
        },
      }),
    decompress: (packed, length) => brotliDecompressSync(packed, bounds(length)),
  },
}

/** Slightly more than the length: zlib then returns one piece, and does not start another to find the end. */
function room(length: number): number {
  return length + (length >> 8) + 64
}

/** A stream with more bytes than the block is an error, and they are never allocated. */
function bounds(length: number): { chunkSize: number; maxOutputLength: number } {
  return { chunkSize: room(length), maxOutputLength: length }
}

/** The smallest window that spans the block: 10 to 24 bits are allowed. */
function windowBits(length: number): number {
  return Math.min(Math.max(Math.ceil(Math.log2(length)), 10), 24)
}
