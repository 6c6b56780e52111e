import type { PageStore } from '../../../stores/page-store.js'
import type { PagerState } from '../../thread/pager-state.js'

/** A store whose calls are noted where the program sees them, because a call that does not return hangs the thread. */
export class WatchedStore implements PageStore {
  declare readonly bytesUsed?: number
  readonly #store: PageStore
  readonly #state: PagerState

  constructor(store: PageStore, state: PagerState) {
    this.#store = store
    this.#state = state
    if (store.bytesUsed !== undefined) Object.defineProperty(this, 'bytesUsed', { get: () => store.bytesUsed })
  }

  get pageSize(): number {
    return this.#store.pageSize
  }

  write(pages: readonly number[], bytes: Uint8Array): void | Promise<void> {
    const outer = this.#state.beginBusy()
    try {
      return this.#store.write(pages, bytes)
    } finally {
      this.#state.busySince = outer
    }
  }

  read(pages: readonly number[], into: Uint8Array): void | Promise<void> {
    const outer = this.#state.beginBusy()
    try {
      return this.#store.read(pages, into)
    } finally {
      this.#state.busySince = outer
    }
  }

  free(pages: readonly number[]): void | Promise<void> {
    return this.#state.whileBusy(() => this.#store.free(pages))
  }

  close(): void | Promise<void> {
    return this.#state.whileBusy(() => this.#store.close())
  }
}
