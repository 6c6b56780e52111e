import type { Compression } from './compression.js'

interface Lz4 {
  compressSync(bytes: Uint8Array): Uint8Array
  uncompressSync(bytes: Uint8Array): Uint8Array
}

/** LZ4 by the package `lz4-napi`: about 8 µs a page, and 4 µs back. Rejects where it is not installed. */
export async function lz4Compression(pageSize: number): Promise<Compression> {
  // By a name that the compiler does not follow: the package is optional.
  const name: string = 'lz4-napi'
  const module = (await import(name)) as Lz4 & { readonly default?: Lz4 }
  const lz4 = module.default ?? module
  // The package accepts a Buffer alone.
  const copy = Buffer.allocUnsafe(pageSize)
  return {
    compress(page) {
      copy.set(page)
      return lz4.compressSync(copy)
    },
    decompress(bytes, into) {
      const page = lz4.uncompressSync(bytes)
      if (page.length !== into.length) throw new Error(`${page.length} bytes instead of a page of ${into.length}`)
      into.set(page)
    },
  }
}
