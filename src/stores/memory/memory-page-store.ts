import { VmError } from '../../vocabulary/vm-error.js'
import { checkPages } from '../check-pages.js'
import { noSuchPage } from '../no-such-page.js'
import { PageNumbers } from '../page-numbers.js'
import type { PageStore } from '../page-store.js'
import { storeClosed } from '../store-closed.js'
import type { Compression } from './compression.js'
import { PageViews } from './page-views.js'
import { SlabMemory } from './slab-memory.js'

/** A page that compression shrinks by less than this part of its size is kept uncompressed. */
const WORTH = 1 / 8
/** A slot and a length are kept in one number. */
const LENGTHS = 2 ** 17

/** Pages in memory, each compressed by itself where that saves room. */
export class MemoryPageStore implements PageStore {
  readonly pageSize: number
  readonly #compression: Compression | undefined
  readonly #limit: number
  /** `slot * LENGTHS + length` of each page. */
  readonly #places = new PageNumbers(true)
  readonly #views: PageViews
  #memory: SlabMemory
  #closed = false

  /** @param limit in bytes */
  constructor(pageSize: number, limit: number, compression: Compression | undefined) {
    this.pageSize = pageSize
    this.#compression = compression
    this.#limit = limit
    this.#memory = new SlabMemory(pageSize, limit)
    this.#views = new PageViews(pageSize)
  }

  get bytesUsed(): number {
    return this.#memory.bytes
  }

  write(pages: readonly number[], bytes: Uint8Array): void {
    this.#check(pages, bytes)
    const views = this.#views.of(bytes)
    for (let index = 0; index < pages.length; index++) this.#keep(pages[index]!, views[index]!)
  }

  read(pages: readonly number[], into: Uint8Array): void {
    this.#check(pages, into)
    const { pageSize } = this
    for (let index = 0; index < pages.length; index++) {
      const place = this.#places.get(pages[index]!)
      if (place === -1) throw noSuchPage(pages[index]!)
      const length = place % LENGTHS
      const piece = this.#memory.piece(Math.floor(place / LENGTHS), length)
      if (length === pageSize) into.set(piece, index * pageSize)
      else this.#compression!.decompress(piece, into.subarray(index * pageSize, (index + 1) * pageSize))
    }
  }

  free(pages: readonly number[]): void {
    this.#check(pages)
    for (const page of pages) this.#drop(page)
  }

  close(): void {
    this.#closed = true
    this.#places.clear()
    this.#memory = new SlabMemory(this.pageSize, 0)
  }

  #keep(page: number, bytes: Uint8Array): void {
    const compressed = this.#compression?.compress(bytes)
    const kept = compressed !== undefined && compressed.length <= bytes.length * (1 - WORTH) ? compressed : bytes
    const slot = this.#slotFor(page, kept.length)
    if (slot === -1) {
      throw new VmError('ENOSPC', 'write', {
        hint: `the memory store holds its limit of ${this.#limit} bytes: give it a larger one, or a slower store behind it`,
      })
    }
    this.#memory.put(slot, kept)
    this.#places.set(page, slot * LENGTHS + kept.length)
  }

  /** The slot that the page has where it is as large, or another one; -1 past the limit. */
  #slotFor(page: number, length: number): number {
    const place = this.#places.get(page)
    if (place !== -1 && SlabMemory.sizeClass(place % LENGTHS) === SlabMemory.sizeClass(length)) {
      return Math.floor(place / LENGTHS)
    }
    this.#drop(page)
    return this.#memory.take(length)
  }

  #drop(page: number): void {
    const place = this.#places.get(page)
    if (place === -1) return
    this.#places.delete(page)
    this.#memory.free(Math.floor(place / LENGTHS), place % LENGTHS)
  }

  #check(pages: readonly number[], bytes?: Uint8Array): void {
    if (this.#closed) throw storeClosed()
    checkPages(pages, this.pageSize, bytes)
  }
}
