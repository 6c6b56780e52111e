import { definePageStore } from '../define-page-store.js'
import { loadCompression } from './load-compression.js'
import { MemoryPageStore } from './memory-page-store.js'
import type { MemoryStoreOptions } from './memory-store-options.js'

export default definePageStore<MemoryStoreOptions>(
  async ({ compression, limit = Number.POSITIVE_INFINITY }, host) =>
    new MemoryPageStore(host.pageSize, limit, await loadCompression(compression, host)),
)
