import { hookError } from '../kernel/errors/hook-error.js'
import { VmError } from '../vocabulary/vm-error.js'
import { answerTimeout } from './answer-timeout.js'
import type { PageRequest } from './page-request.js'
import type { PageRefusal, PageWaiter } from './page-waiter.js'
import { PendingRequests } from './pending-requests.js'
import type { RequestCounters } from './request-counters.js'

/** How often a run is requested again because it was invalidated while it was filled. */
const MOST_ROUNDS = 100
/** The longest time of a timer, in milliseconds. */
const LONGEST = 2 ** 31 - 1

/** A wait that has reached the time limit, and is not refused yet. */
interface LateWaits<R> {
  readonly request: R
  readonly waiters: readonly PageWaiter[]
  /** The reason, where there was no room to ask. */
  readonly noRoom: VmError | undefined
}

export interface RequestDispatcherParts<R extends PageRequest> {
  readonly pageSize: number
  /** The longest wait, in milliseconds. `Infinity` is no limit. */
  readonly timeout: number
  readonly counters: RequestCounters
  /** Calls the answerer: returns or resolves when it has answered, throws or rejects where it refuses. */
  ask(request: R): void | PromiseLike<void>
  /** Puts an answer into memory. Throws the error that prevents it. The waiters are settled afterwards. */
  complete(request: R, waiters: readonly PageWaiter[]): void
  /**
   * Makes room for `bytes`, which include those of all pending requests. `false`: there is none before the owner calls `resumeSoon`,
   * and the request is not made until then.
   */
  makeRoom?(bytes: number): boolean
  /** Why there is no room, for waits that end meanwhile. */
  noRoom?(): VmError | undefined
  /** Calls back from the event loop. */
  defer(callback: () => void): void
}

/**
 * Requests pages, each once for all its waiters, and ends each wait: with the page, a refusal, or the time limit.
 *
 * The owner defines the answerer and the waiters. All calls are from one thread, and `ask` may call back into it.
 */
export class RequestDispatcher<R extends PageRequest> {
  readonly pending: PendingRequests<R>
  readonly #parts: RequestDispatcherParts<R>
  /** Requests that wait for room before the answerer is asked. */
  readonly #held = new Set<R>()
  /** Refused after a turn of the event loop, in which the answerer can say what it was waiting for, or before the next call. */
  readonly #late: LateWaits<R>[] = []
  #resuming = false
  #unsettled = 0
  #closed = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(parts: RequestDispatcherParts<R>) {
    this.#parts = parts
    this.pending = new PendingRequests(parts.counters)
  }

  /** Whether a pending answer is a promise. */
  get waits(): boolean {
    return this.#unsettled > 0
  }

  /**
   * The request for the page at `offset`, or for the first write to it, that a new waiter can join. An abandoned request may never be
   * answered, so it is superseded instead, and is pending no more (R1).
   */
  joinable(offset: number, firstWrite = false): R | undefined {
    this.refuseLate()
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

  /** Makes a new request with its first waiter, which may be settled before this returns. */
  request(request: R, waiter: PageWaiter): void {
    this.refuseLate()
    this.pending.wait(request, waiter)
    this.#ask(request)
  }

  /** Refuses a waiter without a request. */
  refuse(waiter: PageWaiter, reason: VmError | undefined, end: number): void {
    this.#parts.counters.countFailures(1)
    waiter.settle({ reason, offset: waiter.offset, end, mayRetry: false })
  }

  /** Marks the answers for pages of `[start, end)` as stale. */
  invalidate(start: number, end: number): void {
    this.refuseLate()
    this.pending.invalidate(start, end)
  }

  /** Removes all waiters of the call `owner`. */
  leave(owner: object): void {
    this.refuseLate()
    this.pending.leave((waiter) => waiter.owner === owner)
    this.#disarm()
  }

  /** Makes the requests for which there was no room, as far as there is some by then: from the event loop, once for many calls. */
  resumeSoon(): void {
    if (this.#resuming || this.#held.size === 0) return
    this.#resuming = true
    this.#parts.defer(() => {
      this.#resuming = false
      this.#resume()
    })
  }

  #resume(): void {
    for (const request of [...this.#held]) {
      if (this.#closed) return
      if (request.waiters.length === 0) {
        this.#held.delete(request)
        this.pending.remove(request)
        request.supersede()
      } else if (this.#hasRoom(request)) {
        this.#held.delete(request)
        this.#call(request)
      } else return
    }
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

  /** Ends all waits without an answer, so that each access retries, and ignores all answers. `reason` is the reason of the signals. */
  release(reason: unknown): void {
    this.stop()
    for (const request of this.pending) {
      this.pending.remove(request)
      const waiters = this.pending.takeWaiters(request)
      request.abandon(reason)
      for (const waiter of waiters) waiter.settle()
    }
  }

  /** Ignores all answers. The waiters stay for another server. */
  stop(): void {
    this.refuseLate()
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #ask(request: R): void {
    const room = request.firstWrite || (this.#held.size === 0 && this.#hasRoom(request))
    this.pending.add(request)
    if (room) {
      this.#call(request)
      return
    }
    this.#held.add(request)
    this.#arm()
  }

  #hasRoom(request: R): boolean {
    const { makeRoom } = this.#parts
    if (makeRoom === undefined) return true
    let bytes = request.length
    for (const other of this.pending)
      if (other !== request && !other.firstWrite && !this.#held.has(other)) bytes += other.length
    return makeRoom(bytes)
  }

  #call(request: R): void {
    const { counters, ask } = this.#parts
    if (!request.firstWrite) counters.countFill()
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
    request.refusal = error
    const waiters = this.#concluded(request)
    if (waiters !== undefined) this.#refuse(request, waiters, error)
  }

  /** The waiters of a request whose answer is used (R2); `undefined` where it is not, or where the request was made again. */
  #concluded(request: R): PageWaiter[] | undefined {
    if (this.#closed || request.state === 'superseded') return undefined
    this.pending.remove(request)
    if (request.state === 'stale') {
      this.#askAgain(request)
      return undefined
    }
    request.settle()
    return this.#takeWaiters(request)
  }

  #askAgain(request: R): void {
    if (request.rounds < MOST_ROUNDS) {
      this.#ask(request.again())
      return
    }
    const hint = 'the driver invalidates the page each time it fills it'
    this.#refuseAll(request, this.#takeWaiters(request), new VmError('EIO', request.call, { hint }), false)
  }

  #takeWaiters(request: R): PageWaiter[] {
    const waiters = this.pending.takeWaiters(request)
    this.#disarm()
    return waiters
  }

  // In a run, the error may concern another page than those of the waiters: let them retry alone.
  #refuse(request: R, waiters: readonly PageWaiter[], error: unknown): void {
    const reason = hookError(error, request.call)
    this.#refuseAll(request, waiters, reason, !request.firstWrite && request.length > this.#parts.pageSize)
  }

  #refuseAll(request: R, waiters: readonly PageWaiter[], reason: VmError, mayRetry: boolean): void {
    if (!mayRetry) this.#parts.counters.countFailures(waiters.length)
    const refusal: PageRefusal = { reason, offset: request.offset, end: request.end, mayRetry }
    // Settle calls first: they request single pages in order, and an access joins those.
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

  /** Stops the timer after the last wait, because the process lives as long as a timer is set. */
  #disarm(): void {
    if (this.#timer === undefined || this.pending.hasWaiters) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #endWaits(before: number): void {
    const { timeout, counters } = this.#parts
    const late = ({ since }: PageWaiter) => since <= before
    this.pending.leave(late, (request, waiters) => {
      const noRoom = this.#held.has(request) ? this.#parts.noRoom?.() : undefined
      counters.countTimeouts(waiters.length)
      this.#late.push({ request, waiters, noRoom })
      return noRoom ?? answerTimeout(request.call, timeout)
    })
    // The signals are aborted now. A driver that heeds its own rejects with what it was waiting for.
    if (this.#late.length > 0) this.#parts.defer(() => this.refuseLate())
  }

  /**
   * Refuses the waits that have reached the time limit. A server that looks for poison calls it before it takes faults: a signal may have made
   * the thread of such a wait fault again, and the driver would be asked again.
   */
  refuseLate(): void {
    if (this.#late.length === 0) return
    for (const { request, waiters, noRoom } of this.#late.splice(0))
      this.#refuseAll(request, waiters, noRoom ?? lateError(request, this.#parts.timeout), false)
  }
}

/** Names what the driver was waiting for, where it said more than that it was stopped. */
function lateError({ call, refusal, signal }: PageRequest, timeout: number): VmError {
  const says = refusal instanceof Error && refusal !== signal.reason && refusal.name !== 'AbortError'
  return says
    ? answerTimeout(call, timeout, `; it stops with: ${refusal.message}`, refusal)
    : answerTimeout(call, timeout)
}
