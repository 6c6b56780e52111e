/**
 * A page store that is not open yet: the URL of its module and what its setup gets. It can be cloned, so that the thread that serves
 * the memory opens the store. `fileStore` and its sisters return one.
 */
export interface PageStoreDescription {
  /** The URL of the module whose default export `definePageStore` made. */
  readonly module: string
  /** What the setup gets: anything that can be cloned. */
  readonly options: unknown
}
