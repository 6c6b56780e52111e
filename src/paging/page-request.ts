import type { PageWaiter } from './page-waiter.js'

/**
 * The states of a request and their transitions:
 *
 *     asked ──invalidate──▶ stale ──answer──▶ superseded (its successor is asked)
 *       │                     └──last waiter leaves──▶ superseded
 *       ├──last waiter leaves──▶ abandoned ──invalidate, or a new waiter──▶ superseded
 *       └──answer──▶ settled ◀──answer── abandoned
 *
 * Invariants:
 *  R1. A request is in `PendingRequests` in the states asked, stale and abandoned, and in no other.
 *  R2. An answer is used in the states asked and abandoned alone.
 *  R3. A request that is abandoned or superseded has no waiter, and its signal is aborted or its answer ignored.
 */
export type RequestState = 'asked' | 'stale' | 'abandoned' | 'superseded' | 'settled'

/** How the answerer is done with the bytes of a request. */
export type BytesRelease = 'returned' | 'resolved' | 'failed'

/** A request for a run of pages, or for the right to write to one, and its waiters. It knows no file and no area. */
export abstract class PageRequest {
  /** In bytes, on a page. */
  readonly offset: number
  /** In bytes: whole pages, at least one. */
  readonly length: number
  /** What is asked, for errors: `fault`, `page_mkwrite`. */
  readonly call: string
  /** Whether it asks for the right to write to a page in memory for the first time. */
  readonly firstWrite: boolean
  waiters: PageWaiter[] = []
  /** How many earlier requests had the same waiters. */
  rounds = 0
  /** With what the answerer refused, also where nothing uses that any more. */
  refusal: unknown
  #state: RequestState = 'asked'
  #bytes: Uint8Array | undefined
  #abort: AbortController | undefined
  #aborted: { readonly reason: unknown } | undefined

  constructor(offset: number, length: number, call: string, firstWrite: boolean) {
    this.offset = offset
    this.length = length
    this.call = call
    this.firstWrite = firstWrite
  }

  get end(): number {
    return this.offset + this.length
  }

  get state(): RequestState {
    return this.#state
  }

  /** A copy of the request, to be made again. */
  protected abstract copy(): this
  /** Memory for the answer, or the page itself where it is in memory already. */
  protected abstract openBytes(): Uint8Array
  protected abstract closeBytes(bytes: Uint8Array, how: BytesRelease): void

  /** The bytes of the answer, zeros at first. They are invalid once the request is settled or superseded. */
  get bytes(): Uint8Array {
    if (this.#bytes === undefined && (this.#state === 'settled' || this.#state === 'superseded')) {
      return new Uint8Array(this.length)
    }
    this.#bytes ??= this.openBytes()
    return this.#bytes
  }

  /** Whether `bytes` was read. */
  get hasBytes(): boolean {
    return this.#bytes !== undefined
  }

  /** Ends the answerer's use of the bytes. */
  release(how: BytesRelease): void {
    if (this.#bytes !== undefined) this.closeBytes(this.#bytes, how)
  }

  /** Aborted when the last waiter has left. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.#aborted !== undefined) this.#abort.abort(this.#aborted.reason)
    }
    return this.#abort.signal
  }

  /** Removes the waiters and returns them. */
  takeWaiters(): PageWaiter[] {
    const { waiters } = this
    this.waiters = []
    return waiters
  }

  covers(offset: number): boolean {
    return offset >= this.offset && offset < this.end
  }

  /** Settles the request: its answer is used. */
  settle(): void {
    this.#state = 'settled'
  }

  /** Marks the answer as stale. Returns whether the request stays pending. */
  invalidate(): boolean {
    if (this.#state === 'abandoned') this.supersede()
    else this.#state = 'stale'
    return this.#state === 'stale'
  }

  /** Abandons the request, because the last waiter has left, and aborts its signal (R3). Returns whether it stays pending. */
  abandon(reason?: unknown): boolean {
    if (this.#state === 'stale') this.supersede()
    else if (this.#state === 'asked') this.#state = 'abandoned'
    this.#aborted ??= { reason }
    this.#abort?.abort(reason)
    return this.#state === 'abandoned'
  }

  /** Ignores every answer from now on (R2, R3). Detaches the bytes from the answerer at once where they are the page itself. */
  supersede(): void {
    this.#state = 'superseded'
    if (this.firstWrite && this.#bytes !== undefined) this.closeBytes(this.#bytes, 'failed')
  }

  /** Passes the waiters to a new request of the same kind. */
  again(): this {
    const next = this.copy()
    next.waiters = this.takeWaiters()
    next.rounds = this.rounds + 1
    this.supersede()
    return next
  }
}
