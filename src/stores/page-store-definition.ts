import type { PageStore } from './page-store.js'
import type { PageStoreHost } from './page-store-host.js'

/** Carries the type of a store's options. It has no value at run time. */
declare const options: unique symbol

/** A page store that `definePageStore` defined: what the module of a store exports as its default. */
export class PageStoreDefinition<Options = undefined> {
  /** Carries the type of the options. It has no value at run time. */
  declare readonly [options]: (options: Options) => void
  readonly #setup: (options: unknown, host: PageStoreHost) => PageStore | Promise<PageStore>

  /** @internal */
  constructor(setup: (options: unknown, host: PageStoreHost) => PageStore | Promise<PageStore>) {
    this.#setup = setup
  }

  /** Makes one store. Rejects with what the setup threw. */
  async open(options: unknown, host: PageStoreHost): Promise<PageStore> {
    return this.#setup(options, host)
  }
}
