import type { PageStoreDescription } from '../page-store-description.js'

/** What a tiered store is made of. */
export interface TieredStoreOptions {
  /** Bytes that the fast store may take before the oldest pages move on. */
  readonly limit: number
}

/** What the setup of a tiered store gets. */
export interface TieredStoreSetup extends TieredStoreOptions {
  readonly fast: PageStoreDescription
  readonly slow: PageStoreDescription
}
