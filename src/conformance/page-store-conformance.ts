import type { PageStore } from '../stores/page-store.js'
import { checkOptions, type OptionRules } from '../vocabulary/options/check-options.js'
import { powerOfTwo } from '../vocabulary/options/power-of-two.js'
import type { DeclareTest } from './conformance.js'
import { pageStoreCases } from './page-store-cases.js'

/** The store that the suite is run on. */
export interface PageStoreConformanceOptions {
  /** Declares a test: `test` of `node:test`, for example. */
  readonly test: DeclareTest
  /** Opens an empty store with pages of `pageSize` bytes. Each case opens its own and closes it. */
  readonly open: (pageSize: number) => PageStore | Promise<PageStore>
  /** Bytes a page. Default: 4096. */
  readonly pageSize?: number
}

const rules: OptionRules<PageStoreConformanceOptions> = { test: 'function', open: 'function', pageSize: powerOfTwo() }

/**
 * Declares the conformance suite for page stores: what swap expects of each `PageStore`.
 *
 * @example
 * import { test } from 'node:test'
 * import myStore from './my-store.mjs'
 *
 * pageStoreConformance({ test, open: (pageSize) => openPageStore(myStore, { pageSize }) })
 */
export function pageStoreConformance(options: PageStoreConformanceOptions): void {
  const { test, open, pageSize = 4096 } = checkOptions('pageStoreConformance()', options, rules, ['test', 'open'])
  for (const [title, run] of Object.entries(pageStoreCases)) {
    test(title, async () => {
      const store = await open(pageSize)
      try {
        await run(store)
      } finally {
        await store.close()
      }
    })
  }
}
