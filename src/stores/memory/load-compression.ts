import { UsageError } from '../../vocabulary/usage-error.js'
import type { PageStoreHost } from '../page-store-host.js'
import type { Compression } from './compression.js'
import type { MemoryStoreOptions } from './memory-store-options.js'

/** Loads the compression, or the default one. A module of Node is loaded for `'deflate'` alone, so that `'none'` works in a browser. */
export async function loadCompression(
  name: MemoryStoreOptions['compression'],
  host: PageStoreHost,
): Promise<Compression | undefined> {
  if (name === 'none') return undefined
  if (name !== 'deflate') {
    try {
      const { lz4Compression } = await import('./lz4-compression.js')
      return await lz4Compression(host)
    } catch (cause) {
      if (name === 'lz4') {
        throw new UsageError(
          'ERR_VMAREA_UNSUPPORTED',
          "the compression 'lz4' requires the package 'lz4-napi': install it, or choose 'deflate'",
          { cause },
        )
      }
    }
  }
  const { deflateCompression } = await import('./deflate-compression.js')
  return deflateCompression()
}
