import { checkPages } from '../check-pages.js'
import { noSuchPage } from '../no-such-page.js'
import { PageNumbers } from '../page-numbers.js'
import type { PageStore } from '../page-store.js'
import { storeClosed } from '../store-closed.js'

/** How many pages move to the slow store at a time. */
const BATCH = 64
const [FAST, SLOW] = [0, 1]

/**
 * Keeps pages in a fast store, whose oldest pages move to a slow one. `#tiers` has the store of each page. While a page moves, a call for it
 * waits.
 */
export class TieredPageStore implements PageStore {
  readonly pageSize: number
  readonly #fast: PageStore
  readonly #slow: PageStore
  readonly #limit: number
  readonly #tiers = new PageNumbers()
  /** Pages of the fast store, the oldest first. */
  readonly #ages = new Set<number>()
  /** The pages of the calls in flight. */
  readonly #inFlight = new Set<number>()
  #moving: ReadonlySet<number> = new Set()
  #move: Promise<void> | undefined
  /** Why pages could not move to the slow store. */
  #failure: unknown
  #closed = false

  constructor(fast: PageStore, slow: PageStore, limit: number) {
    this.pageSize = fast.pageSize
    this.#fast = fast
    this.#slow = slow
    this.#limit = limit
  }

  get bytesUsed(): number {
    return (this.#fast.bytesUsed ?? this.#ages.size * this.pageSize) + (this.#slow.bytesUsed ?? 0)
  }

  async write(pages: readonly number[], bytes: Uint8Array): Promise<void> {
    await this.#call(pages, bytes, async () => {
      // If pages can't move to the slow store, they must not fill the fast one.
      if (this.#failure !== undefined && this.#isOver()) await this.#moveOn()
      if (this.#failure !== undefined && this.#isOver()) throw this.#failure
      let tier = FAST
      try {
        await this.#fast.write(pages, bytes)
      } catch {
        // The fast store is full, or fails. What it has of these pages is unknown.
        tier = SLOW
        await this.#slow.write(pages, bytes)
      }
      await this.#leave(pages, tier === FAST ? SLOW : FAST)
      for (const page of pages) this.#enter(page, tier)
    })
    if (this.#isOver()) this.#moveOn().catch(() => {})
  }

  async read(pages: readonly number[], into: Uint8Array): Promise<void> {
    await this.#call(pages, into, async () => {
      const { pageSize } = this
      for (const tier of [FAST, SLOW]) {
        const indexes = [...pages.keys()].filter((index) => this.#tierOf(pages[index]!) === tier)
        if (indexes.length === 0) continue
        const store = tier === FAST ? this.#fast : this.#slow
        if (indexes.length === pages.length) return store.read(pages, into)
        const bytes = new Uint8Array(indexes.length * pageSize)
        await store.read(
          indexes.map((index) => pages[index]!),
          bytes,
        )
        for (const [at, index] of indexes.entries()) {
          into.set(bytes.subarray(at * pageSize, (at + 1) * pageSize), index * pageSize)
        }
      }
    })
  }

  async free(pages: readonly number[]): Promise<void> {
    await this.#call(pages, undefined, async () => {
      await this.#leave(pages, FAST)
      await this.#leave(pages, SLOW)
      for (const page of pages) {
        this.#tiers.delete(page)
        this.#ages.delete(page)
      }
    })
  }

  async flush(): Promise<void> {
    if (this.#closed) throw storeClosed()
    await this.#move
    await this.#fast.flush?.()
    await this.#slow.flush?.()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#move?.catch(() => {})
    try {
      await this.#fast.close()
    } finally {
      await this.#slow.close()
    }
    this.#tiers.clear()
    this.#ages.clear()
  }

  async #call(pages: readonly number[], bytes: Uint8Array | undefined, act: () => Promise<void>): Promise<void> {
    if (this.#closed) throw storeClosed()
    checkPages(pages, this.pageSize, bytes)
    while (pages.some((page) => this.#moving.has(page))) await this.#move?.catch(() => {})
    for (const page of pages) this.#inFlight.add(page)
    try {
      await act()
    } finally {
      for (const page of pages) this.#inFlight.delete(page)
    }
  }

  #tierOf(page: number): number {
    const tier = this.#tiers.get(page)
    if (tier === -1) throw noSuchPage(page)
    return tier
  }

  #enter(page: number, tier: number): void {
    this.#tiers.set(page, tier)
    this.#ages.delete(page)
    if (tier === FAST) this.#ages.add(page)
  }

  /** Frees the pages that are in the tier. */
  async #leave(pages: readonly number[], tier: number): Promise<void> {
    const left = pages.filter((page) => this.#tiers.get(page) === tier)
    if (left.length > 0) await (tier === FAST ? this.#fast : this.#slow).free(left)
  }

  #isOver(): boolean {
    return (this.#fast.bytesUsed ?? this.#ages.size * this.pageSize) > this.#limit
  }

  #moveOn(): Promise<void> {
    this.#move ??= this.#moveOldest().finally(() => {
      this.#move = undefined
    })
    return this.#move
  }

  async #moveOldest(): Promise<void> {
    while (this.#isOver() && !this.#closed) {
      const pages: number[] = []
      for (const page of this.#ages) {
        if (!this.#inFlight.has(page)) pages.push(page)
        if (pages.length === BATCH) break
      }
      if (pages.length === 0) return
      this.#moving = new Set(pages)
      try {
        const bytes = new Uint8Array(pages.length * this.pageSize)
        await this.#fast.read(pages, bytes)
        await this.#slow.write(pages, bytes)
        for (const page of pages) this.#enter(page, SLOW)
        await this.#fast.free(pages)
        this.#failure = undefined
      } catch (error) {
        this.#failure = error
        return
      } finally {
        this.#moving = new Set()
      }
    }
  }
}
