import type { PageStoreHost } from '../page-store-host.js'
import type { Compression } from './compression.js'

interface Lz4 {
  compressSync(bytes: Uint8Array): Uint8Array
  uncompressSync(bytes: Uint8Array): Uint8Array
}

/** The package puts the length of what was compressed before the block. Pages have one length: it is left out. */
const HEAD = 4

/**
 * LZ4 by the package `lz4-napi`: about 8 µs a page, and 4 µs back, where the host has no decompressor, which takes 1 µs. Rejects where the
 * package is not installed.
 */
export async function lz4Compression({ pageSize, decompressLz4 }: PageStoreHost): Promise<Compression> {
  // By a name that the compiler does not follow: the package is optional.
  const name: string = 'lz4-napi'
  const module = (await import(name)) as Lz4 & { readonly default?: Lz4 }
  const lz4 = module.default ?? module
  // The package accepts a Buffer alone.
  const copy = Buffer.allocUnsafe(pageSize)
  return {
    compress(page) {
      copy.set(page)
      return lz4.compressSync(copy).subarray(HEAD)
    },
    decompress:
      decompressLz4 === undefined
        ? decompressor(lz4, pageSize)
        : (bytes, into) => check(decompressLz4(bytes, into), into),
  }
}

function decompressor(lz4: Lz4, pageSize: number): Compression['decompress'] {
  const block = Buffer.alloc(HEAD + pageSize)
  block.writeUInt32LE(pageSize)
  return (bytes, into) => {
    block.set(bytes, HEAD)
    const page = lz4.uncompressSync(block.subarray(0, HEAD + bytes.length))
    check(page.length, into)
    into.set(page)
  }
}

function check(length: number, into: Uint8Array): void {
  if (length !== into.length) throw new Error(`${length} bytes instead of a page of ${into.length}`)
}
