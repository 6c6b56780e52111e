import { hookError } from '../kernel/hook-error.js'
import { VmError } from '../vocabulary/vm-error.js'
import { answerTimeout } from './answer-timeout.js'
import type { PageRequest } from './page-request.js'
import type { PageRefusal, PageWaiter } from './page-waiter.js'
import { PendingRequests } from './pending-requests.js'
import type { RequestCounters } from './request-counters.js'

/** How often a run is asked for again because it was invalidated while it was filled. */
const MOST_ROUNDS = 100
/** The longest that a timer takes, in milliseconds. */
const LONGEST = 2 ** 31 - 1

export interface RequestDispatcherParts<R extends PageRequest> {
  readonly pageSize: number
  /** How long one wait lasts at most, in milliseconds. `Infinity` waits for ever. */
  readonly timeout: number
  readonly counters: RequestCounters
  /** Asks: returns or resolves when the request is answered, throws or rejects where it is refused. */
  ask(request: R): void | PromiseLike<void>
  /** Puts an answer where its waiters find it. Throws what prevents that. The waiters are settled afterwards. */
  complete(request: R, waiters: readonly PageWaiter[]): void
  /** So many bytes are about to come, those of all pending requests included. */
  makeRoom?(bytes: number): void
}

/**
 * Asks for pages, once for all that wait for one, and ends each wait: with the page, with the refusal, or with its time limit.
 *
 * What asks and what waits are up to its owner. It is for one thread, and `ask` may call back into it.
 */
export class RequestDispatcher<R extends PageRequest> {
  readonly pending: PendingRequests<R>
  readonly #parts: RequestDispatcherParts<R>
  #unsettled = 0
  #closed = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(parts: RequestDispatcherParts<R>) {
    this.#parts = parts
    this.pending = new PendingRequests(parts.counters)
  }

  /** An answer is to come by a promise. */
  get waits(): boolean {
    return this.#unsettled > 0
  }

  /**
   * The request for the page at `offset`, or for the first write to it, that a new waiter can join. One that is abandoned may never be
   * answered: it is superseded.
   */
  joinable(offset: number, firstWrite = false): R | undefined {
    const request = this.pending.at(offset, firstWrite)
    if (request?.state !== 'abandoned') return request
    request.supersede()
    this.pending.remove(request)
    return undefined
  }

  join(request: R, waiter: PageWaiter): void {
    this.pending.wait(request, waiter)
    this.#arm()
  }

  /** Asks for a request that nothing waits for yet. The waiter may be settled before this returns. */
  request(request: R, waiter: PageWaiter): void {
    this.pending.wait(request, waiter)
    this.#ask(request)
  }

  /** Ends a wait that no request was made for. */
  refuse(waiter: PageWaiter, reason: VmError | undefined, end: number): void {
    this.#parts.counters.countFailures(1)
    waiter.settle({ reason, offset: waiter.offset, end, mayRetry: false })
  }

  /** What is given for `[start, end)` is out of date. */
  invalidate(start: number, end: number): void {
    this.pending.invalidate(start, end)
  }

  /** The call waits for nothing any more. */
  leave(owner: object): void {
    this.pending.leave((waiter) => waiter.owner === owner)
  }

  /** Refuses all waits, and ignores all answers. */
  close(error: VmError): void {
    this.stop()
    for (const request of this.pending) {
      this.pending.remove(request)
      this.#refuseAll(request, this.pending.takeWaiters(request), error, false)
      request.abandon(error)
    }
  }

  /** Ends all waits without an answer, so that each access is tried again, and ignores all answers. `reason` is what their signals report. */
  release(reason: unknown): void {
    this.stop()
    for (const request of this.pending) {
      this.pending.remove(request)
      const waiters = this.pending.takeWaiters(request)
      request.abandon(reason)
      for (const waiter of waiters) waiter.settle()
    }
  }

  /** Ignores all answers. The waits are left to another server. */
  stop(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #ask(request: R): void {
    const { counters, makeRoom, ask } = this.#parts
    if (!request.firstWrite) {
      counters.countFill()
      makeRoom?.(this.pending.bytes + request.length)
    }
    this.pending.add(request)
    let answer: void | PromiseLike<void>
    try {
      answer = ask(request)
    } catch (error) {
      this.#refused(request, error)
      request.release('failed')
      return
    }
    if (answer === undefined || typeof answer !== 'object') {
      this.#answered(request)
      request.release('returned')
      return
    }
    this.#unsettled++
    this.#arm()
    answer.then(
      () => {
        this.#unsettled--
        this.#answered(request)
        request.release('resolved')
      },
      (error) => {
        this.#unsettled--
        this.#refused(request, error)
        request.release('failed')
      },
    )
  }

  #answered(request: R): void {
    const waiters = this.#concluded(request)
    if (waiters === undefined) return
    try {
      this.#parts.complete(request, waiters)
    } catch (error) {
      this.#refuse(request, waiters, error)
      return
    }
    for (const waiter of waiters) waiter.settle()
  }

  #refused(request: R, error: unknown): void {
    const waiters = this.#concluded(request)
    if (waiters !== undefined) this.#refuse(request, waiters, error)
  }

  /** The waiters of a request whose answer counts; `undefined` where it does not, or where the request was asked again. */
  #concluded(request: R): PageWaiter[] | undefined {
    if (this.#closed || request.state === 'superseded') return undefined
    this.pending.remove(request)
    if (request.state === 'stale') {
      this.#askAgain(request)
      return undefined
    }
    request.settle()
    return this.pending.takeWaiters(request)
  }

  #askAgain(request: R): void {
    if (request.rounds < MOST_ROUNDS) {
      this.#ask(request.again())
      return
    }
    const hint = 'the driver invalidates the page each time it fills it'
    const waiters = this.pending.takeWaiters(request)
    this.#refuseAll(request, waiters, new VmError('EIO', request.call, { hint }), false)
  }

  // A run was more than was needed: what is wrong may be with another page of it than those that are waited for.
  #refuse(request: R, waiters: readonly PageWaiter[], error: unknown): void {
    const reason = hookError(error, request.call)
    this.#refuseAll(request, waiters, reason, !request.firstWrite && request.length > this.#parts.pageSize)
  }

  #refuseAll(request: R, waiters: readonly PageWaiter[], reason: VmError, mayRetry: boolean): void {
    if (!mayRetry) this.#parts.counters.countFailures(waiters.length)
    const refusal: PageRefusal = { reason, offset: request.offset, end: request.end, mayRetry }
    // Calls go first: they ask for single pages in order, and an access joins those.
    for (const waiter of waiters) if (!waiter.isAccess) waiter.settle(refusal)
    for (const waiter of waiters) if (waiter.isAccess) waiter.settle(refusal)
  }

  // ---- time ----

  /** Sets the timer for the wait that ends first, where there is one. */
  #arm(): void {
    const { timeout } = this.#parts
    if (timeout === Infinity || this.#timer !== undefined || this.#closed) return
    let first = Infinity
    for (const { waiters } of this.pending) for (const { since } of waiters) first = Math.min(first, since)
    if (first === Infinity) return
    const left = Math.max(1, Math.min(first + timeout - performance.now() + 1, LONGEST))
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#endWaits(performance.now() - timeout)
      this.#arm()
    }, left)
  }

  #endWaits(before: number): void {
    const { timeout, counters } = this.#parts
    const late = ({ since }: PageWaiter) => since <= before
    this.pending.leave(late, (request, waiters) => {
      const error = answerTimeout(request.call, timeout)
      counters.countTimeouts(waiters.length)
      this.#refuseAll(request, waiters, error, false)
      return error
    })
  }
}
