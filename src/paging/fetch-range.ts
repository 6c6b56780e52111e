import type { PageRequest } from './page-request.js'
import type { PageRefusal, PageWaiter } from './page-waiter.js'

/** The most requests that one fetch has pending at once. */
const WIDTH = 8
/** How long a fetch runs before faults are served, in milliseconds. */
const SPELL = 2

/** The functions that a fetch uses. */
export interface FetchHost<R extends PageRequest> {
  readonly pageSize: number
  /** The pending request for the page at `offset`. */
  joinable(offset: number): R | undefined
  join(request: R, waiter: PageWaiter): void
  /** The end of the run of pages from `offset` on that are in memory and have no pending request. */
  presentUntil(offset: number, end: number): number
  /** Shows pages that are in memory wherever they are mapped. */
  showEverywhere(offset: number, length: number): void
  /** Requests the absent pages from `offset` on, at most up to `end`. Returns the end of the request. */
  request(offset: number, end: number, waiter: PageWaiter): number
  /** Calls back after pending faults and timers. */
  defer(callback: () => void): void
}

/** Brings all pages of a range into memory, a few requests at a time, and continues after those that are refused. */
export class FetchRange<R extends PageRequest> {
  readonly #host: FetchHost<R>
  readonly #end: number
  readonly #done: (refusal: PageRefusal | undefined) => void
  /** Pages to request one by one, because the driver refused the run that contained them. */
  readonly #single: number[] = []
  #next: number
  #pending = 0
  #first: PageRefusal | undefined
  #state: 'idle' | 'stepping' | 'over' = 'idle'

  /** `start` and `end` lie on pages. `done` is called once, with the refusal of the first page that fails. */
  constructor(host: FetchHost<R>, start: number, end: number, done: (refusal: PageRefusal | undefined) => void) {
    this.#host = host
    this.#next = start
    this.#end = end
    this.#done = done
  }

  readonly start = (): void => {
    // An immediate answer calls this function again: the loop below continues then.
    if (this.#state !== 'idle') return
    this.#state = 'stepping'
    const until = performance.now() + SPELL
    while (this.#pending < WIDTH && this.#isStepping() && this.#step()) {
      if (performance.now() < until) continue
      this.#host.defer(this.start)
      break
    }
    if (!this.#isStepping()) return
    this.#state = 'idle'
    if (this.#pending > 0 || this.#single.length > 0 || this.#next < this.#end) return
    this.#state = 'over'
    this.#done(this.#first)
  }

  cancel(): void {
    this.#state = 'over'
  }

  // The functions that a step calls may call `cancel`.
  #isStepping(): boolean {
    return this.#state === 'stepping'
  }

  /** Makes one request, or skips a run that requires none. `false` at the end of the range. */
  #step(): boolean {
    const single = this.#single.shift()
    if (single !== undefined) {
      this.#bring(single, single + this.#host.pageSize)
      return true
    }
    if (this.#next >= this.#end) return false
    this.#next = this.#bring(this.#next, this.#end)
    return true
  }

  #bring(offset: number, end: number): number {
    const request = this.#host.joinable(offset)
    if (request !== undefined) {
      this.#pending++
      const until = Math.min(end, request.end)
      this.#host.join(request, this.#waiter(offset))
      return until
    }
    const present = this.#host.presentUntil(offset, end)
    if (present > offset) {
      this.#host.showEverywhere(offset, present - offset)
      return present
    }
    this.#pending++
    return this.#host.request(offset, end, this.#waiter(offset))
  }

  #waiter(offset: number): PageWaiter {
    return {
      offset,
      since: performance.now(),
      isAccess: false,
      owner: this,
      settle: (refusal) => {
        this.#pending--
        if (refusal !== undefined) this.#refused(refusal)
        this.start()
      },
    }
  }

  #refused(refusal: PageRefusal): void {
    const { pageSize } = this.#host
    if (refusal.end - refusal.offset > pageSize) {
      for (let at = refusal.offset; at < Math.min(refusal.end, this.#end); at += pageSize) this.#single.push(at)
    } else if (this.#first === undefined || refusal.offset < this.#first.offset) {
      this.#first = refusal
    }
  }
}
