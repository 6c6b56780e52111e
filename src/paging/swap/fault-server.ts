import { VmError } from '../../vocabulary/vm-error.js'
import { NOTE, PLACE } from './page-places.js'
import type { PageReader } from './page-reader.js'
import type { PageWriter } from './page-writer.js'
import type { SwapContext } from './swap-context.js'
import { COUNT } from './swap-counters.js'
import { REFUSAL } from './swap-memory.js'

/** The longest run that is read ahead. */
const LONGEST_AHEAD = 64
/** Read-ahead begins after so many faults on consecutive pages. */
const SEQUENTIAL = 2

/** Answers faults: at once where the page is in RAM, and after a read where it is in the store. */
export class FaultServer {
  readonly #context: SwapContext
  readonly #reader: PageReader
  readonly #writer: PageWriter
  /** Faults that wait for room, oldest first: page and since when. */
  #waiting: { readonly page: number; readonly since: number; readonly cancel: () => void }[] = []
  /** The page that a sequential program touches next, and the number of consecutive faults so far. */
  #expected = -1
  #streak = 0
  #ahead = 0
  /** The same for pages that no thread has touched before. */
  #expectedZero = -1
  #zeroStreak = 0
  #zerosAhead = 0

  constructor(context: SwapContext, reader: PageReader, writer: PageWriter) {
    this.#context = context
    this.#reader = reader
    this.#writer = writer
  }

  serve(page: number, since: number): void {
    const { places, memory, counters } = this.#context
    switch (places.get(page)) {
      case PLACE.STAGED:
      case PLACE.WRITING:
        this.#unstage(page, since)
        return
      case PLACE.RESIDENT:
        // Another thread's fault was answered before this one was read, or the program has dropped the page.
        if (memory.zero(page, 1) === 1) counters.served('zero', this.#context.host.now() - since)
        else if (memory.refusal === REFUSAL.AGAIN) this.#again(page, since)
        else {
          counters.add(COUNT.REDUNDANT)
          memory.wake(page, 1)
        }
        return
      case PLACE.EMPTY:
        if (this.#hasRoom(page, since)) this.#zero(page, since)
        return
      case PLACE.STORED:
        if (places.has(page, NOTE.BUSY)) this.#again(page, since)
        else if (this.#hasRoom(page, since)) this.#read(page, since)
        return
      case PLACE.READING:
        this.#reader.wait(page, since)
        return
      case PLACE.POISONED:
        memory.poison(page)
        return
      default:
        memory.wake(page, 1)
    }
  }

  /** Whether faults wait for room. */
  get waits(): boolean {
    return this.#waiting.length > 0
  }

  /** Serves the fault that has waited longest for room, if there is room now. Returns whether it served one. */
  admit(): boolean {
    if (this.#waiting.length === 0 || !this.#isRoom()) return false
    const { page, since, cancel } = this.#waiting.shift()!
    cancel()
    this.serve(page, since)
    return true
  }

  /** Ends the waits for room of a page that comes or was dropped. Returns whether there were any. */
  forget(page: number): boolean {
    const left = this.#waiting.filter((waiting) => waiting.page !== page)
    if (left.length === this.#waiting.length) return false
    for (const waiting of this.#waiting) if (waiting.page === page) waiting.cancel()
    this.#waiting = left
    return true
  }

  #isRoom(): boolean {
    const { places, limit, slack } = this.#context
    return places.charged + places.counts[PLACE.READING]! < limit + slack
  }

  #hasRoom(page: number, since: number): boolean {
    if (this.#isRoom()) return true
    this.#waitForRoom(page, since)
    return false
  }

  // A function of its own: one with functions in it allocates, even where it returns before them, and most faults have room.
  #waitForRoom(page: number, since: number): void {
    const { host, timeout, places } = this.#context
    const cancel = host.later(Math.max(timeout - (host.now() - since), 0), () => {
      const at = this.#waiting.indexOf(waiting)
      if (at === -1) return
      this.#waiting.splice(at, 1)
      const place = places.get(page)
      if (place !== PLACE.EMPTY && place !== PLACE.STORED) return
      const cause = this.#writer.failure
      const hint = 'the memory is at its residentLimit, and no page could leave it in time'
      this.#reader.poison(page, cause ?? new VmError('ENOMEM', 'swap', { hint }))
    })
    const waiting = { page, since, cancel }
    this.#waiting.push(waiting)
    host.ready()
  }

  #unstage(page: number, since: number): void {
    if (this.#context.memory.unstage(page, 1) === 1) this.#came(page, since, 'staging', COUNT.COPIED_FROM_STAGING)
    else this.#refused(page, since)
  }

  #zero(page: number, since: number): void {
    const count = 1 + this.#zerosAfter(page)
    const done = this.#context.memory.zero(page, count)
    if (done === 0) {
      this.#refused(page, since)
      return
    }
    const { places, counters } = this.#context
    for (let ahead = page + 1; ahead < page + done; ahead++) {
      places.set(ahead, PLACE.RESIDENT)
      places.note(ahead, NOTE.YOUNG)
    }
    counters.add(COUNT.ZEROED, done - 1)
    this.#expectedZero = page + done
    this.#came(page, since, 'zero', COUNT.ZEROED)
  }

  /** How many pages after this one are about to be touched for the first time, by a program that touches them in order. */
  #zerosAfter(page: number): number {
    const { places, memory, limit } = this.#context
    this.#zeroStreak = page === this.#expectedZero ? this.#zeroStreak + 1 : 0
    if (this.#zeroStreak < SEQUENTIAL) {
      this.#zerosAhead = 0
      return 0
    }
    this.#zerosAhead = Math.min(Math.max(this.#zerosAhead * 2, 4), LONGEST_AHEAD)
    const room = limit - places.charged - places.counts[PLACE.READING]! - 1
    const end = Math.min(memory.regionEnd(page), page + 1 + Math.min(this.#zerosAhead, room))
    let last = page + 1
    while (last < end && places.get(last) === PLACE.EMPTY) last++
    return last - page - 1
  }

  #came(page: number, since: number, from: 'staging' | 'zero', count: number): void {
    const { places, counters, host } = this.#context
    counters.add(count)
    places.set(page, PLACE.RESIDENT)
    places.note(page, NOTE.YOUNG)
    counters.served(from, host.now() - since)
  }

  #read(page: number, since: number): void {
    const { counters, places, memory, limit } = this.#context
    this.#streak = page === this.#expected ? this.#streak + 1 : 0
    this.#expected = page + 1
    this.#reader.read(page, 1, since)
    if (this.#streak < SEQUENTIAL) {
      this.#ahead = 0
      return
    }
    this.#ahead = Math.min(Math.max(this.#ahead * 2, 4), LONGEST_AHEAD)
    const room = limit - places.charged - places.counts[PLACE.READING]!
    const end = Math.min(memory.regionEnd(page), page + 1 + Math.min(this.#ahead, room))
    let last = page + 1
    while (last < end && places.get(last) === PLACE.STORED && !places.has(last, NOTE.BUSY)) last++
    if (last === page + 1) return
    counters.add(COUNT.READ_AHEAD, last - page - 1)
    this.#expected = last
    this.#reader.read(page + 1, last - page - 1, undefined)
  }

  #refused(page: number, since: number): void {
    const { places, memory, counters } = this.#context
    switch (memory.refusal) {
      case REFUSAL.PRESENT:
        if (places.get(page) === PLACE.EMPTY) places.set(page, PLACE.RESIDENT)
        counters.add(COUNT.REDUNDANT)
        memory.wake(page, 1)
        return
      case REFUSAL.GONE:
        places.set(page, PLACE.GONE)
        memory.wake(page, 1)
        return
      default:
        this.#again(page, since)
    }
  }

  #again(page: number, since: number): void {
    this.#context.host.later(1, () => this.serve(page, since))
  }
}
