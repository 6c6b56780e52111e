import type { SwapCommand } from '../../kernel/swap/swap-state.js'
import type { PageStore } from '../../stores/page-store.js'
import { FaultServer } from './fault-server.js'
import { NOTE, PLACE } from './page-places.js'
import { PageReader } from './page-reader.js'
import { PageStager } from './page-stager.js'
import { PageWriter } from './page-writer.js'
import type { SwapContext, SwapHost } from './swap-context.js'
import { COUNT } from './swap-counters.js'
import { SwapJobs } from './swap-jobs.js'
import { REFUSAL, type SwapMemory } from './swap-memory.js'
import type { SwapRecord } from './swap-record.js'

/** How much of the budget is staged before pages go to the store: the second chance. */
const STAGED_PART = 1 / 8

/** How many bytes the memory may exceed the budget by while pages leave. */
const SLACK = 2 ** 21

export interface SwapEngineOptions {
  readonly memory: SwapMemory
  readonly record: SwapRecord
  readonly store: PageStore
  readonly host: SwapHost
  /** Milliseconds. */
  readonly timeout: number
  /** Bytes; `Infinity` for no budget. */
  readonly residentLimit: number
  /** Parts of the budget. */
  readonly lowWater: number
  readonly highWater: number
  /** Bytes by which the budget may be exceeded while pages leave. Default: 2 MiB. */
  readonly slack?: number
}

/**
 * Swaps memory: decides which pages leave, writes them to the store, reads them back, and answers faults. It knows pages and a store, and
 * nothing of a kernel: `SwapMemory` moves the pages.
 *
 * The states of a page (`PLACE`) and their transitions:
 *
 *     empty ─fault→ resident ─stage→ staged ─write→ writing ─written→ stored ─fault→ reading ─read→ resident
 *                      ↑←──────────touch───────┴────────────┘                           └─failed→ poisoned ─restore→ stored
 *
 * From every state the program can drop a page, which is then empty, or unmap it, which is then gone.
 *
 * Invariants:
 *  S1. The thread that serves alone moves a page from one state to another. An answer of the store moves it only if the page is still in the
 *      state in which the store was asked.
 *  S2. A page leaves memory only when it is all zeros, or the store has its content: the note `KEPT`, with the content's digest in
 *      `PagePlaces`.
 *  S3. For each page at most one call of the store is in flight: the note `BUSY`.
 *  S4. A page is filled from the store only if the bytes have its digest.
 *  S5. The store's copy of a page that the program dropped or unmapped is never used again: the note `KEPT` is cleared.
 *  S6. The error of a page is sent to the program before the page is poisoned.
 *
 * `fault` answers what can be answered at once. `work` does the rest, a slice at a time, so that a fault waits for one slice at most.
 */
export class SwapEngine {
  readonly #context: SwapContext
  readonly #writer: PageWriter
  readonly #reader: PageReader
  readonly #stager: PageStager
  readonly #faults: FaultServer
  readonly #jobs: SwapJobs
  #evicting = false
  readonly #water: { readonly low: number; readonly high: number }

  constructor({
    memory,
    record,
    store,
    host,
    timeout,
    residentLimit,
    lowWater,
    highWater,
    slack = SLACK,
  }: SwapEngineOptions) {
    const { places, counters } = record
    this.#water = { low: lowWater, high: highWater }
    this.#context = {
      memory,
      record,
      store,
      host,
      timeout,
      places,
      counters,
      slack: Math.floor(slack / memory.pageSize),
      limit: 0,
      low: 0,
      high: 0,
    }
    this.#setLimit(residentLimit)
    const progress = () => this.#progressed()
    this.#writer = new PageWriter(this.#context, () => {
      this.#noteUse()
      this.#progressed()
    })
    this.#reader = new PageReader(this.#context, progress, (page) => this.#writer.returned(page))
    this.#stager = new PageStager(this.#context)
    this.#faults = new FaultServer(this.#context, this.#reader, this.#writer)
    this.#jobs = new SwapJobs(this.#context, this.#reader, this.#writer, this.#stager, residentLimit < Infinity)
  }

  /** Why eviction has stopped. */
  get failure(): Error | undefined {
    return this.#writer.failure
  }

  /** Takes over pages that are in memory when the swap begins. */
  adopt(page: number, count: number): void {
    for (let at = page; at < page + count; at++) {
      this.#context.places.set(at, PLACE.RESIDENT)
      this.#writer.giveUp(at)
    }
    this.#context.host.ready()
  }

  /** Takes over pages that an earlier thread has staged. */
  adoptStaged(page: number, count: number): void {
    for (let at = page; at < page + count; at++) {
      this.#context.places.set(at, PLACE.STAGED)
      this.#writer.giveUp(at)
    }
    this.#context.host.ready()
  }

  /** Serves a fault on the page, which has waited since `since`. */
  fault(page: number, since: number): void {
    this.#faults.serve(page, since)
    if (this.#isOver()) this.#context.host.ready()
  }

  // Where nothing is left to do, the loop that takes faults goes on to wait for the next: with work it would run the event loop first.
  #progressed(): void {
    const { host } = this.#context
    if (this.#writer.frees || this.#faults.waits || this.#jobs.runs || this.#evicting || this.#isOver()) host.ready()
  }

  #noteUse(): void {
    const { record, store } = this.#context
    record.counters.values[COUNT.BYTES_USED] = store.bytesUsed ?? -1
  }

  /** Does one slice of the work. Returns whether there is more: then call it again after the faults that came meanwhile. */
  work(): boolean {
    this.#noteUse()
    const freed = this.#writer.free()
    const admitted = this.#faults.admit()
    const stepped = this.#jobs.step()
    const evicted = this.#balance()
    return freed || admitted || stepped || evicted
  }

  /** Whether nothing is in flight and no work is left. */
  get isIdle(): boolean {
    return this.#writer.calls === 0 && this.#reader.calls === 0 && !this.#jobs.runs
  }

  /** Runs a command. Rejects with `ERR_VMAREA_SWAP_STATE` in a wrong state, and with `ERR_VMAREA_SWAP_ABORTED` when another command ends it. */
  command(command: SwapCommand): Promise<void> {
    if (command === 'disable') this.#setLimit(Number.POSITIVE_INFINITY)
    const done = this.#jobs.begin(command)
    this.#context.host.ready()
    return done
  }

  /** Changes the budget, in bytes. `Infinity` ends it. */
  setResidentLimit(bytes: number): void {
    this.#setLimit(bytes)
    this.#jobs.hasBudget = bytes < Infinity
    this.#context.host.ready()
  }

  /** The program has dropped pages, which read as zeros now. */
  removed(page: number, count: number): void {
    this.#dropped(page, count, PLACE.EMPTY)
  }

  /** The program has unmapped pages. */
  unmapped(page: number, count: number): void {
    this.#dropped(page, count, PLACE.GONE)
  }

  /** Removes the poison of a page by bringing the page back. If the store can't give the page now, it stays poisoned. */
  restore(page: number): void {
    const { places, memory, host } = this.#context
    const place = places.get(page)
    const isKept = places.has(page, NOTE.KEPT)
    if (place !== PLACE.GONE) this.#reader.restoring(page)
    if (place === PLACE.STORED || (place === PLACE.POISONED && isKept)) {
      if (places.has(page, NOTE.BUSY)) return
      this.#faults.forget(page)
      this.#reader.read(page, 1, undefined, true)
    } else if (place === PLACE.STAGED || place === PLACE.WRITING) {
      if (memory.unstage(page, 1) === 1) {
        places.set(page, PLACE.RESIDENT)
        this.#reader.recovered(page)
      }
    } else if (place !== PLACE.GONE && place !== PLACE.READING) {
      // The page is empty: zeros take the place of the poison.
      if (memory.fill(page, 1, new Uint8Array(memory.pageSize)) === 1) {
        this.#faults.forget(page)
        places.set(page, PLACE.RESIDENT)
        this.#reader.recovered(page)
      } else if (memory.refusal === REFUSAL.PRESENT) this.#reader.recovered(page)
    }
    host.ready()
  }

  /** Pages that could not be read and stay poisoned. */
  poisoned(): number[] {
    const { places } = this.#context
    const pages: number[] = []
    let page = places.find(PLACE.POISONED, 0, places.count)
    while (page < places.count) {
      pages.push(page)
      page = places.find(PLACE.POISONED, page + 1, places.count)
    }
    return pages
  }

  /** Why the page is poisoned. */
  cause(page: number): Error | undefined {
    return this.#reader.cause(page)
  }

  #setLimit(bytes: number): void {
    const context = this.#context
    context.record.residentLimit = bytes
    const { pageSize } = context.memory
    context.limit = Math.max(Math.floor(bytes / pageSize), 1)
    context.high = Math.floor(context.limit * this.#water.high)
    context.low = Math.floor(context.limit * this.#water.low)
  }

  #isOver(): boolean {
    const { places, high } = this.#context
    return places.charged + places.counts[PLACE.READING]! > high
  }

  // Eviction begins above the high water mark and ends at the low one.
  #balance(): boolean {
    const { places, limit, low } = this.#context
    if (limit === Number.POSITIVE_INFINITY || this.#jobs.runs) return false
    if (this.#isOver()) this.#evicting = true
    const excess = places.charged + places.counts[PLACE.READING]! - low
    if (excess <= 0) this.#evicting = false
    if (!this.#evicting || (this.#writer.failure !== undefined && this.#writer.waits)) return false
    // Pages that are being written leave already.
    const toWrite = excess - places.counts[PLACE.WRITING]!
    const toStage = toWrite + Math.ceil(limit * STAGED_PART) - places.counts[PLACE.STAGED]!
    const staged = toStage > 0 && !this.#stager.waits ? this.#stager.advance(toStage) : 0
    const written = toWrite > 0 ? this.#writer.evict(toWrite) : 0
    return staged > 0 || written > 0
  }

  #dropped(page: number, count: number, place: typeof PLACE.EMPTY | typeof PLACE.GONE): void {
    const { places, memory } = this.#context
    for (let at = page; at < page + count; at++) {
      const before = places.get(at)
      if (before === PLACE.GONE) continue
      if (before === PLACE.STAGED || before === PLACE.WRITING) memory.drop([at])
      if (before === PLACE.READING || before === PLACE.POISONED) this.#reader.forget(at)
      places.set(at, place)
      places.clear(at, NOTE.YOUNG | NOTE.PINNED)
      this.#writer.giveUp(at)
      // Wake the threads that wait for the content, or for room: they fault again.
      if (this.#faults.forget(at) || before === PLACE.READING) memory.wake(at, 1)
    }
    this.#context.host.ready()
  }
}
