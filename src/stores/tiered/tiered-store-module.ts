import { definePageStore } from '../define-page-store.js'
import { openPageStore } from '../open-page-store.js'
import { TieredPageStore } from './tiered-page-store.js'
import type { TieredStoreSetup } from './tiered-store-options.js'

export default definePageStore<TieredStoreSetup>(async ({ fast, slow, limit }, host) => {
  const first = await openPageStore(fast, host)
  try {
    return new TieredPageStore(first, await openPageStore(slow, host), limit)
  } catch (error) {
    await first.close()
    throw error
  }
})
