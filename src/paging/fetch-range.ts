import type { PageRequest } from './page-request.js'
import type { PageRefusal, PageWaiter } from './page-waiter.js'

/** Requests that one fetch has pending at once. */
const WIDTH = 8
/** How long a fetch runs before faults have their turn, in milliseconds. */
const SPELL = 2

/** What a fetch does its work with. */
export interface FetchHost<R extends PageRequest> {
  readonly pageSize: number
  /** The pending request for the page at `offset`. */
  joinable(offset: number): R | undefined
  join(request: R, waiter: PageWaiter): void
  /** The end of the run of pages from `offset` on that are there, and that no request is for. */
  presentUntil(offset: number, end: number): number
  /** Pages that are there are to be in view wherever they are mapped. */
  showEverywhere(offset: number, length: number): void
  /** Asks for what is absent from `offset` on, and not beyond `end`. Returns where the request ends. */
  request(offset: number, end: number, waiter: PageWaiter): number
  /** Calls back when faults and timers have had their turn. */
  defer(callback: () => void): void
}

/** Brings all pages of a range into memory, a few requests at a time, and continues after those that are refused. */
export class FetchRange<R extends PageRequest> {
  readonly #host: FetchHost<R>
  readonly #end: number
  readonly #done: (refusal: PageRefusal | undefined) => void
  /** Pages to ask for one by one, because the run that they were in was refused. */
  readonly #single: number[] = []
  #next: number
  #pending = 0
  #first: PageRefusal | undefined
  #state: 'idle' | 'stepping' | 'over' = 'idle'

  /** `start` and `end` lie on pages. `done` is called once, with the refusal of the first page that can't be brought. */
  constructor(host: FetchHost<R>, start: number, end: number, done: (refusal: PageRefusal | undefined) => void) {
    this.#host = host
    this.#next = start
    this.#end = end
    this.#done = done
  }

  readonly start = (): void => {
    // An answer that comes at once calls this again: the loop below continues then.
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

  // `cancel` may be called by what a step calls.
  #isStepping(): boolean {
    return this.#state === 'stepping'
  }

  /** One request, or a run that requires none. `false` where nothing is left. */
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
