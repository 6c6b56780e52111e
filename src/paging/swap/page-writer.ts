import { NOTE, PLACE } from './page-places.js'
import type { SwapContext } from './swap-context.js'
import { COUNT } from './swap-counters.js'
import { within } from './within.js'

/** Pages of one call of the store: as many as are examined before faults are served. A command takes more at once, as it has no budget to keep. */
const [BATCH, LARGE_BATCH] = [64, 512]
/** How many writing calls of the store may be in flight. */
const CALLS = 8
/** Milliseconds from a failure of the store to the next call. They double up to the second number. */
const [RETRY, LONGEST_RETRY] = [100, 5000]

/** Writes staged pages to the store, and drops them from memory when the store has them. */
export class PageWriter {
  readonly #context: SwapContext
  /** Called when pages have left memory, or failed to. */
  readonly #progress: () => void
  #calls = 0
  #delay = RETRY
  #failure: Error | undefined
  #failures = 0
  #waits: (() => void) | undefined
  readonly #buffers: Uint8Array[] = []
  /** Pages to free in the store, and how many of them were. */
  readonly #unwanted: number[] = []
  #freed = 0

  constructor(context: SwapContext, progress: () => void) {
    this.#context = context
    this.#progress = progress
  }

  /** The error of the store's last call that failed; `undefined` after one that succeeded. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** How many writing calls of the store have failed so far. */
  get failures(): number {
    return this.#failures
  }

  /** The calls of the store in flight. */
  get calls(): number {
    return this.#calls
  }

  /** Whether it waits: for the time of the next attempt, or for a call in flight to return. */
  get waits(): boolean {
    return this.#waits !== undefined || this.#calls >= CALLS
  }

  /** Makes the next attempt at once. */
  retry(): void {
    this.#waits?.()
    this.#waits = undefined
  }

  /**
   * Takes up to so many of the oldest staged pages out of memory: what is zeros or unchanged at once, the rest when the store has it. Looks at
   * one batch of them. Returns how many it looked at: 0 when there are none, or when it waits.
   */
  evict(most: number): number {
    if (this.waits) return 0
    const { places, counters } = this.#context
    const pages: number[] = []
    // From the hand to the end, then from the start to the hand: no further than to the last staged page. The hand is kept in the counters,
    // where other threads read it.
    const start = counters.page(COUNT.WRITE_HAND)
    let end = places.count
    let left = places.counts[PLACE.STAGED]!
    for (let page = start, round = 0; left > 0 && pages.length < Math.min(most, BATCH); page++) {
      page = places.find(PLACE.STAGED, page, end)
      if (page === end) {
        if (round++ === 1) break
        end = start
        page = -1
        if (end === 0) break
        continue
      }
      left--
      if (places.has(page, NOTE.BUSY)) continue
      pages.push(page)
    }
    if (pages.length === 0) return 0
    counters.values[COUNT.WRITE_HAND] = pages.at(-1)! + 1
    const looked = pages.length
    this.#take(pages, true)
    return looked
  }

  /**
   * Looks at staged pages from `from` on, a batch of them, and takes out of memory what is zeros or unchanged, and with `write` the rest as
   * well. Returns the page to go on from.
   */
  sweep(from: number, write: boolean): number {
    const { places } = this.#context
    const pages: number[] = []
    let page = from
    while (pages.length < LARGE_BATCH) {
      page = places.find(PLACE.STAGED, page, places.count)
      if (page === places.count) break
      if (!places.has(page, NOTE.BUSY)) pages.push(page)
      page++
    }
    this.#take(pages, write)
    return page
  }

  /** Gives up the store's copy of a page, which is not used again (S5). It is freed when no call for the page is in flight (S3). */
  giveUp(page: number): void {
    const { places } = this.#context
    if (!places.has(page, NOTE.KEPT | NOTE.UNWANTED)) return
    places.clear(page, NOTE.KEPT)
    if (places.has(page, NOTE.BUSY)) places.note(page, NOTE.UNWANTED)
    else {
      places.note(page, NOTE.BUSY)
      places.clear(page, NOTE.UNWANTED)
      this.#unwanted.push(page)
    }
  }

  /** Whether there are pages to free in the store. */
  get frees(): boolean {
    return this.#unwanted.length > 0
  }

  /** Frees the pages that were given up in the store. Returns whether there were any. */
  free(): boolean {
    if (this.#unwanted.length === 0) return false
    const { store, host, timeout, counters } = this.#context
    const pages = this.#unwanted.slice(this.#freed, this.#freed + BATCH * 4).sort((left, right) => left - right)
    this.#freed += pages.length
    // Removing the first ones each time would move all the others.
    if (this.#freed === this.#unwanted.length) this.#unwanted.length = this.#freed = 0
    within(
      host,
      timeout,
      () => store.free(pages),
      (error) => {
        if (error !== undefined) counters.add(COUNT.FAILURES)
      },
      () => {
        for (const page of pages) this.returned(page)
        this.#progress()
      },
    )
    return true
  }

  /** The store's call for the page has returned: the next call may begin (S3). */
  returned(page: number): void {
    const { places } = this.#context
    places.clear(page, NOTE.BUSY)
    if (places.has(page, NOTE.UNWANTED)) this.giveUp(page)
  }

  // Leaves in `pages` those that are written.
  #take(pages: number[], write: boolean): void {
    if (pages.length === 0) return
    const { places, memory, counters } = this.#context
    const { pageSize } = memory
    const gone: number[] = []
    let changed = 0
    const buffer = this.#buffers.pop() ?? new Uint8Array(LARGE_BATCH * pageSize)
    const digests = new Float64Array(pages.length)
    memory.read(pages, buffer, digests)
    for (let index = 0; index < pages.length; index++) {
      // Not both from one array: a page and a digest in one would make each page a double, here and in the store.
      const page = pages[index]!
      const digest = digests[index]!
      if (digest === 0) {
        counters.add(COUNT.ZERO_PAGES)
        places.set(page, PLACE.EMPTY)
        this.giveUp(page)
        gone.push(page)
      } else if (places.has(page, NOTE.KEPT) && places.hasDigest(page, digest)) {
        counters.add(COUNT.UNCHANGED)
        counters.add(COUNT.EVICTED)
        places.set(page, PLACE.STORED)
        gone.push(page)
      } else if (write) {
        if (changed < index) {
          buffer.copyWithin(changed * pageSize, index * pageSize, (index + 1) * pageSize)
          digests[changed] = digest
          pages[changed] = page
        }
        changed++
      }
    }
    pages.length = changed
    if (gone.length > 0) memory.drop(gone)
    if (changed > 0) this.#write(pages, digests, buffer)
    else this.#buffers.push(buffer)
    if (gone.length > 0) this.#progress()
  }

  #write(pages: readonly number[], digests: Float64Array, buffer: Uint8Array): void {
    const { places, memory, store, host, timeout, counters } = this.#context
    for (const page of pages) {
      places.set(page, PLACE.WRITING)
      places.note(page, NOTE.BUSY)
      // Until the store has answered, its content of the page is unknown (S2).
      places.clear(page, NOTE.KEPT)
    }
    this.#calls++
    const bytes = buffer.subarray(0, pages.length * memory.pageSize)
    let failed: Error | undefined
    let isBack = false
    within(
      host,
      timeout,
      () => store.write(pages, bytes),
      (error) => {
        failed = error
        if (error === undefined) counters.add(COUNT.BYTES_WRITTEN, bytes.length)
        this.#outcome(error)
        this.#written(pages, digests, error)
        if (isBack) this.#release(pages, failed)
      },
      () => {
        isBack = true
        this.#calls--
        if (this.#buffers.length < CALLS) this.#buffers.push(buffer)
        // The call returned after its time limit: its pages are staged again, or have moved on.
        if (failed !== undefined) {
          this.#release(pages, failed)
          this.#progress()
        }
      },
    )
  }

  // The call for the pages has returned: the next call may begin.
  #release(pages: readonly number[], failed: Error | undefined): void {
    for (const page of pages) {
      if (failed !== undefined) this.#context.places.note(page, NOTE.UNWANTED)
      this.returned(page)
    }
  }

  // Moves the pages of a call that has settled: out of memory where the store has their content (S1, S2).
  #written(pages: readonly number[], digests: Float64Array, error: Error | undefined): void {
    const { places, memory, counters } = this.#context
    const gone: number[] = []
    for (let index = 0; index < pages.length; index++) {
      const page = pages[index]!
      const place = places.get(page)
      const writing = place === PLACE.WRITING
      if (error !== undefined) {
        if (writing) places.set(page, PLACE.STAGED)
        continue
      }
      // The program has dropped the page meanwhile, and the store's content is an older one (S5). A page that was being written is
      // poisoned only after it was dropped.
      if (place === PLACE.EMPTY || place === PLACE.GONE || place === PLACE.POISONED) {
        places.note(page, NOTE.UNWANTED)
        continue
      }
      places.setDigest(page, digests[index]!)
      places.note(page, NOTE.KEPT)
      if (!writing) continue
      counters.add(COUNT.EVICTED)
      places.set(page, PLACE.STORED)
      gone.push(page)
    }
    if (gone.length > 0) memory.drop(gone)
    this.#progress()
  }

  #outcome(error: Error | undefined): void {
    const { host, counters } = this.#context
    if (error === undefined) {
      this.#delay = RETRY
      if (this.#failure === undefined) return
      this.#failure = undefined
      host.failure(undefined)
      return
    }
    counters.add(COUNT.FAILURES)
    this.#failures++
    const first = this.#failure === undefined
    this.#failure = error
    this.#waits ??= host.later(this.#delay, () => {
      this.#waits = undefined
      this.#progress()
    })
    this.#delay = Math.min(this.#delay * 2, LONGEST_RETRY)
    if (first) host.failure(error)
  }
}
