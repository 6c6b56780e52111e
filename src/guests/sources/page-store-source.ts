import type { PageStore } from '../../stores/page-store.js'
import type { PageSource } from './page-source.js'

/** The pages of a store as one run of bytes: page 0 first. Never asks the store for a page that it is reading already. */
export class PageStoreSource implements PageSource {
  readonly size: number
  readonly #store: PageStore
  readonly #missing: 'error' | 'zero'
  readonly #reading = new Map<number, Promise<unknown>>()

  constructor(store: PageStore, { size, missing }: { readonly size: number; readonly missing: 'error' | 'zero' }) {
    this.#store = store
    this.size = size
    this.#missing = missing
  }

  async read(offset: number, target: Uint8Array): Promise<void> {
    const { pageSize } = this.#store
    const first = Math.floor(offset / pageSize)
    const count = Math.ceil((offset + target.length) / pageSize) - first
    const pages = Array.from({ length: count }, (_, index) => first + index)
    const isWhole = offset === first * pageSize && target.length === count * pageSize
    const into = isWhole ? target : new Uint8Array(count * pageSize)
    for (let busy: Promise<unknown> | undefined; ; await busy) {
      busy = pages.map((page) => this.#reading.get(page)).find((one) => one !== undefined)
      if (busy === undefined) break
    }
    const reading = this.#readPages(pages, into)
    const settled = reading.catch(() => {})
    for (const page of pages) this.#reading.set(page, settled)
    try {
      await reading
    } finally {
      for (const page of pages) this.#reading.delete(page)
    }
    if (!isWhole) target.set(into.subarray(offset - first * pageSize, offset - first * pageSize + target.length))
  }

  async #readPages(pages: readonly number[], into: Uint8Array): Promise<void> {
    try {
      await this.#store.read(pages, into)
    } catch (error) {
      if (this.#missing === 'error' || !isMissing(error)) throw error
      const { pageSize } = this.#store
      for (const [index, page] of pages.entries()) {
        await this.#readOrClear(page, into.subarray(index * pageSize, (index + 1) * pageSize))
      }
    }
  }

  async #readOrClear(page: number, into: Uint8Array): Promise<void> {
    try {
      await this.#store.read([page], into)
    } catch (error) {
      if (!isMissing(error)) throw error
      into.fill(0)
    }
  }
}

function isMissing(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 'ERR_VMAREA_NO_SUCH_PAGE'
}
