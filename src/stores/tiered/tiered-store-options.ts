import type { PageStoreDescription } from '../page-store-description.js'

/** Options of `tieredStore`. */
export interface TieredStoreOptions {
  /** Bytes that the fast store may take before its oldest pages move to the slow store. */
  readonly limit: number
}

/** The options that the setup of a tiered store is called with. */
export interface TieredStoreSetup extends TieredStoreOptions {
  readonly fast: PageStoreDescription
  readonly slow: PageStoreDescription
}
