import { VmError } from '../../vocabulary/vm-error.js'
import { NOTE, PLACE } from './page-places.js'
import type { SwapContext } from './swap-context.js'
import { COUNT } from './swap-counters.js'
import { REFUSAL } from './swap-memory.js'
import { within } from './within.js'

/** Milliseconds from a failed read to the next. They double up to the second number. */
const [RETRY, LONGEST_RETRY] = [10, 1000]

/** Single pages, and runs of up to `LONG` pages, are read into buffers that are kept for later ones: up to `BUFFERS` of each. */
const [LONG, BUFFERS] = [256, 4]

/** Pages that are being read by one call of the store. */
interface Read {
  /** When the first call for them began; `undefined` for a first call that returned without a promise: it began just now. */
  readonly since: number | undefined
  /** Whether a page is poisoned if it can't be read, though no fault waits for it. A page that is read ahead is not. */
  readonly needed: boolean
  /** Calls that have failed before. */
  readonly attempts: number
  /** When the fault for which the first page is read began to wait. */
  readonly faultAt: number | undefined
}

/** Brings pages back from the store. */
export class PageReader {
  readonly #context: SwapContext
  /** Called when pages have come back, or failed to. */
  readonly #progress: () => void
  /** Called for each page when the store's call for it has returned. */
  readonly #returned: (page: number) => void
  /** When a fault began to wait for a page that is being read, other than the one for which it is read. */
  readonly #waiting = new Map<number, number>()
  /** Pages whose read failed and is about to be retried. */
  readonly #retries = new Map<number, Read>()
  /** Why a page is poisoned; `undefined` for one that is to be restored and was poisoned without the engine. */
  readonly #causes = new Map<number, Error | undefined>()
  readonly #single: Uint8Array[] = []
  readonly #long: Uint8Array[] = []
  readonly #digest = new Float64Array(1)
  #calls = 0

  constructor(context: SwapContext, progress: () => void, returned: (page: number) => void) {
    this.#context = context
    this.#progress = progress
    this.#returned = returned
  }

  /** Calls of the store in flight. */
  get calls(): number {
    return this.#calls
  }

  /** Why the page is poisoned. */
  cause(page: number): Error | undefined {
    return this.#causes.get(page)
  }

  /** Notes that a fault waits for a page that is being read. */
  wait(page: number, since: number): void {
    if (!this.#waiting.has(page)) this.#waiting.set(page, since)
  }

  /**
   * Reads stored pages, which follow each other within a region. `since` is when a fault began to wait for the first. With `needed` a page that
   * can't be read is poisoned though no fault waits for it.
   */
  read(page: number, count: number, since: number | undefined, needed = since !== undefined): void {
    const { places } = this.#context
    for (let at = page; at < page + count; at++) places.set(at, PLACE.READING)
    this.#ask(page, count, { since: undefined, needed, attempts: 0, faultAt: since })
  }

  /** The program has dropped the page: its read and its error are discarded. */
  forget(page: number): void {
    this.#ended(page)
    this.recovered(page)
  }

  /** Notes that the page is to be restored. Until it is, accesses fail for the reason they had. */
  restoring(page: number): void {
    if (!this.#causes.has(page)) this.#causes.set(page, undefined)
  }

  /** Discards why the page is poisoned: it is no longer. */
  recovered(page: number): void {
    if (this.#causes.size > 0 && this.#causes.delete(page)) this.#context.host.recovered(page)
  }

  /** Poisons a page that a fault waits for. */
  poison(page: number, error: Error): void {
    const { places, memory, host } = this.#context
    this.#ended(page)
    this.#causes.set(page, error)
    places.set(page, PLACE.POISONED)
    // Send the error before poisoning, so that it has arrived when the access fails (S6).
    host.lost(page, error)
    memory.poison(page)
  }

  // To ask an empty map takes longer than to see that it is empty, and this is asked for each page.
  #ended(page: number): void {
    if (this.#waiting.size > 0) this.#waiting.delete(page)
    if (this.#retries.size > 0) this.#retries.delete(page)
  }

  #ask(page: number, count: number, read: Read): void {
    const { places, memory, store } = this.#context
    const pages = [page]
    places.note(page, NOTE.BUSY)
    for (let at = page + 1; at < page + count; at++) {
      pages.push(at)
      places.note(at, NOTE.BUSY)
    }
    const buffers = this.#buffersFor(count)
    // New memory costs page faults and garbage.
    const buffer = buffers.pop() ?? new Uint8Array((count === 1 ? 1 : Math.max(count, LONG)) * memory.pageSize)
    const bytes = head(buffer, count * memory.pageSize)
    this.#calls++
    let answer: Promise<void> | undefined
    try {
      answer = promised(store.read(pages, bytes))
    } catch (error) {
      answer = Promise.reject(error)
    }
    if (answer !== undefined) {
      this.#await(answer, pages, bytes, buffer, read)
      return
    }
    this.#release(page, count)
    this.#settled(page, count, bytes, read, undefined)
    this.#keep(buffer, count)
    this.#progress()
  }

  // A function of its own: one with functions in it allocates, even where it returns before them, and most faults end before.
  #await(answer: Promise<void>, pages: readonly number[], bytes: Uint8Array, buffer: Uint8Array, read: Read): void {
    const { host, timeout } = this.#context
    const [page, count] = [pages[0]!, pages.length]
    const asked = { ...read, since: read.since ?? host.now() }
    // Two users: the store may write to the buffer until its call returns, however late, and the pages are copied from it when the call settles.
    let uses = 2
    const give = () => {
      if (--uses === 0) this.#keep(buffer, count)
    }
    within(
      host,
      timeout,
      () => answer,
      (error) => {
        this.#settled(page, count, bytes, asked, error)
        give()
        this.#progress()
      },
      () => {
        this.#release(page, count)
        give()
      },
    )
  }

  #buffersFor(count: number): Uint8Array[] {
    return count === 1 ? this.#single : this.#long
  }

  #keep(buffer: Uint8Array, count: number): void {
    const buffers = this.#buffersFor(count)
    if (buffers.length < BUFFERS) buffers.push(buffer)
  }

  #release(page: number, count: number): void {
    for (let at = page; at < page + count; at++) this.#returned(at)
  }

  #settled(page: number, count: number, bytes: Uint8Array, read: Read, error: Error | undefined): void {
    const { counters } = this.#context
    this.#calls--
    if (error === undefined) {
      counters.add(COUNT.BYTES_READ, bytes.length)
      this.#arrived(page, count, bytes, read)
    } else {
      counters.add(COUNT.FAILURES)
      for (let at = page; at < page + count; at++) this.#missed(at, page, read, error)
    }
  }

  #arrived(page: number, count: number, bytes: Uint8Array, read: Read): void {
    const { memory } = this.#context
    const digests = count === 1 ? this.#digest : new Float64Array(count)
    memory.digest(bytes, digests)
    for (let from = 0; from < count; from++) {
      const good = this.#goodFrom(page, from, count, digests)
      if (good > from) {
        const rest = from === 0 ? bytes : bytes.subarray(from * memory.pageSize)
        this.#fill(page + from, good - from, rest, from === 0 ? read.faultAt : undefined)
      }
      if (good < count) this.#missed(page + good, page, read)
      from = good
    }
  }

  /** The index of the first page from `from` on that is not filled: it was dropped meanwhile (S1), or its digest differs (S4). */
  #goodFrom(page: number, from: number, count: number, digests: Float64Array): number {
    const { places } = this.#context
    let index = from
    while (
      index < count &&
      places.get(page + index) === PLACE.READING &&
      places.hasDigest(page + index, digests[index]!)
    ) {
      index++
    }
    return index
  }

  /** Retries a page that did not come, unless it was dropped meanwhile (S1). `first` is the first page of the read. */
  #missed(page: number, first: number, read: Read, error?: Error): void {
    if (this.#context.places.get(page) !== PLACE.READING) return
    if (page === first) this.#wait(page, read.faultAt)
    this.#failed(page, read, error ?? this.#damaged(page))
  }

  #damaged(page: number): Error {
    return new VmError('EIO', 'swap', {
      hint: `the page store returned other bytes for page ${page} than it was given: its checksum differs`,
    })
  }

  #failed(page: number, { since: began, needed, attempts }: Read, error: Error): void {
    const { places, host, timeout } = this.#context
    const since = began ?? host.now()
    if (host.now() - since >= timeout) {
      // Without a waiter there is no access to fail: the next fault reads the page again.
      if (needed || this.#waiting.has(page)) this.poison(page, error)
      else {
        this.#ended(page)
        places.set(page, PLACE.STORED)
      }
      return
    }
    const delay = Math.min(RETRY * 2 ** attempts, LONGEST_RETRY)
    const left = timeout - (host.now() - since)
    const retry = { since, needed, attempts: attempts + 1, faultAt: undefined }
    this.#retries.set(page, retry)
    host.later(Math.min(delay, left), () => {
      if (this.#retries.get(page) !== retry || places.get(page) !== PLACE.READING) return
      // A timer may fire a little before its time, while the call that is over time has not returned.
      if (places.has(page, NOTE.BUSY)) this.#failed(page, retry, error)
      else this.#ask(page, 1, retry)
    })
  }

  /** `faultAt` is when the fault for the first page began to wait. */
  #fill(page: number, count: number, bytes: Uint8Array, faultAt?: number): void {
    const { memory, places, host } = this.#context
    const { pageSize } = memory
    for (let at = page; at < page + count; ) {
      const rest = at === page ? bytes : bytes.subarray((at - page) * pageSize)
      const done = memory.fill(at, page + count - at, rest)
      for (const end = at + done; at < end; at++) this.#came(at, at === page ? faultAt : undefined)
      if (at === page + count) return
      const { refusal } = memory
      if (refusal === REFUSAL.PRESENT) places.set(at, PLACE.RESIDENT)
      else if (refusal === REFUSAL.GONE) places.set(at, PLACE.GONE)
      else {
        const [left, copy] = [page + count - at, rest.slice(done * pageSize)]
        if (at === page) this.#wait(page, faultAt)
        host.later(1, () => this.#fillStill(at, left, copy))
        return
      }
      memory.wake(at, 1)
      this.recovered(at)
      this.#ended(at++)
    }
  }

  // A page that was dropped meanwhile is not filled.
  #fillStill(page: number, count: number, bytes: Uint8Array): void {
    const { places, memory } = this.#context
    for (let at = page; at < page + count; at++) {
      if (places.get(at) !== PLACE.READING) continue
      this.#fill(at, 1, bytes.subarray((at - page) * memory.pageSize, (at - page + 1) * memory.pageSize))
    }
    this.#progress()
  }

  #came(page: number, first: number | undefined): void {
    const { places, counters, host } = this.#context
    const faultAt = first ?? this.#waiting.get(page)
    this.#ended(page)
    this.recovered(page)
    places.set(page, PLACE.RESIDENT)
    counters.add(COUNT.COPIED_FROM_STORE)
    if (faultAt === undefined) return
    places.note(page, NOTE.YOUNG)
    counters.add(COUNT.DEMAND_READS)
    counters.served('store', host.now() - faultAt)
  }

  /** Notes the fault for which a page was read, where the page has not come with the read. */
  #wait(page: number, faultAt: number | undefined): void {
    if (faultAt !== undefined) this.#waiting.set(page, faultAt)
  }
}

/** The first `length` bytes: the array itself where it has no more, because to make another one takes as long as a small system call. */
function head(bytes: Uint8Array, length: number): Uint8Array {
  return bytes.length === length ? bytes : bytes.subarray(0, length)
}

/** `undefined` where the store has done its work already. */
function promised(answer: void | Promise<void>): Promise<void> | undefined {
  return typeof (answer as Promise<void> | undefined)?.then === 'function' ? (answer as Promise<void>) : undefined
}
