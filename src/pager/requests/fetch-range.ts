import type { PageRequest, RequestRefusal, Waiter } from './page-request.js'

/** Questions that one job has in flight at once. */
const WIDTH = 8
/** How long a job goes on before faults have their turn, in milliseconds. */
const SPELL = 2

/** What a job does its work with. */
export interface FetchHost {
  /** The question in flight for the page at `offset`. */
  inFlight(offset: number): PageRequest | undefined
  /** The end of the run of pages from `offset` on that are there, and that nobody is filling. */
  presentUntil(offset: number, end: number): number
  /** Shows pages that are there wherever they are mapped. */
  showEverywhere(offset: number, length: number): void
  /** Asks for what is absent from `offset` on, and not beyond `end`. Returns where the question ends. */
  askFor(offset: number, end: number, waiter: Waiter): number
  wait(fill: PageRequest, waiter: Waiter): void
}

/** Has all pages of a range filled, a few questions at a time, and goes on past those that can't be had. */
export class FetchRange {
  readonly #host: FetchHost
  readonly #end: number
  readonly #pageSize: number
  readonly #done: (refusal: RequestRefusal | undefined) => void
  /** Pages to ask for one by one, because a run that they were in could not be had. */
  readonly #single: number[] = []
  #next: number
  #inFlight = 0
  #first: RequestRefusal | undefined
  #running = false
  #over = false

  constructor(
    host: FetchHost,
    start: number,
    end: number,
    pageSize: number,
    done: (refusal: RequestRefusal | undefined) => void,
  ) {
    this.#host = host
    this.#next = start
    this.#end = end
    this.#pageSize = pageSize
    this.#done = done
  }

  readonly start = (): void => {
    // An answer that comes at once comes back here, and the loop below goes on.
    if (this.#running || this.#over) return
    this.#running = true
    const until = performance.now() + SPELL
    while (this.#inFlight < WIDTH && !this.#over && this.#step()) {
      if (performance.now() < until) continue
      setImmediate(this.start)
      break
    }
    this.#running = false
    if (this.#inFlight > 0 || this.#over || this.#single.length > 0 || this.#next < this.#end) return
    this.#over = true
    this.#done(this.#first)
  }

  cancel(): void {
    this.#over = true
  }

  /** One question, or a run that needs none. `false` where nothing is left. */
  #step(): boolean {
    const single = this.#single.shift()
    if (single !== undefined) {
      this.#ask(single, single + this.#pageSize)
      return true
    }
    if (this.#next >= this.#end) return false
    this.#next = this.#ask(this.#next, this.#end)
    return true
  }

  #ask(offset: number, end: number): number {
    const fill = this.#host.inFlight(offset)
    if (fill !== undefined) {
      this.#inFlight++
      this.#host.wait(fill, this.#waiter(offset))
      return Math.min(end, fill.end)
    }
    const present = this.#host.presentUntil(offset, end)
    if (present > offset) {
      this.#host.showEverywhere(offset, present - offset)
      return present
    }
    this.#inFlight++
    return this.#host.askFor(offset, end, this.#waiter(offset))
  }

  #waiter(offset: number): Waiter {
    return {
      address: -1,
      offset,
      write: false,
      since: performance.now(),
      job: this,
      settle: (refusal) => {
        this.#inFlight--
        if (refusal !== undefined) this.#refused(refusal)
        this.start()
      },
    }
  }

  #refused(refusal: RequestRefusal): void {
    if (refusal.end - refusal.offset > this.#pageSize) {
      for (let at = refusal.offset; at < Math.min(refusal.end, this.#end); at += this.#pageSize) this.#single.push(at)
    } else if (this.#first === undefined || refusal.offset < this.#first.offset) {
      this.#first = refusal
    }
  }
}
