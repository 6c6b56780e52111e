import type { PageRequest } from './page-request.js'
import type { PageWaiter } from './page-waiter.js'
import type { RequestCounters } from './request-counters.js'

/** The requests that are not answered, and the waits for them. They are few. */
export class PendingRequests<R extends PageRequest> {
  readonly #counters: RequestCounters
  readonly #requests: R[] = []

  constructor(counters: RequestCounters) {
    this.#counters = counters
  }

  /** Those of now, whatever becomes of them meanwhile. */
  [Symbol.iterator](): Iterator<R> {
    return [...this.#requests][Symbol.iterator]()
  }

  /** Bytes that are being filled. */
  get bytes(): number {
    let bytes = 0
    for (const { length } of this.#requests) bytes += length
    return bytes
  }

  add(request: R): void {
    this.#requests.push(request)
  }

  remove(request: R): void {
    const at = this.#requests.indexOf(request)
    if (at >= 0) this.#requests.splice(at, 1)
  }

  /** The request for the page at `offset`, or for the first write to it. */
  at(offset: number, firstWrite = false): R | undefined {
    for (const request of this.#requests) {
      if (request.firstWrite === firstWrite && request.covers(offset)) return request
    }
    return undefined
  }

  /** The first request to fill pages that has the property. */
  find(has: (request: R) => boolean): R | undefined {
    for (const request of this.#requests) if (!request.firstWrite && has(request)) return request
    return undefined
  }

  /** How far `[offset, end)` reaches without a page that is being filled. */
  clip(offset: number, end: number): number {
    let until = end
    for (const request of this.#requests) {
      if (request.firstWrite || request.end <= offset || request.offset >= until) continue
      until = Math.max(offset, request.offset)
    }
    return until
  }

  /** What is given for `[start, end)` is out of date. */
  invalidate(start: number, end: number): void {
    for (const request of this) {
      if (request.firstWrite || request.offset >= end || start >= request.end) continue
      if (!request.invalidate()) this.remove(request)
    }
  }

  wait(request: R, waiter: PageWaiter): void {
    request.waiters.push(waiter)
    this.#counters.countWaiting(1)
  }

  /** Ends the count of all waits for a request, before they are settled: a woken thread sees its own fault counted. */
  takeWaiters(request: R): PageWaiter[] {
    const waiters = request.waiters.splice(0)
    this.#count(waiters)
    return waiters
  }

  /** Takes away the waits for which `leaves` holds, and has them settled. A request without any other is abandoned, for what `settle` returns. */
  leave(
    leaves: (waiter: PageWaiter) => boolean,
    settle?: (request: R, waiters: readonly PageWaiter[]) => unknown,
  ): void {
    for (const request of this) {
      const leaving = request.waiters.filter(leaves)
      if (leaving.length === 0) continue
      request.waiters.splice(0, Infinity, ...request.waiters.filter((waiter) => !leaving.includes(waiter)))
      this.#count(leaving)
      // A call that hears of its end may wait for the same request at once.
      const reason = settle?.(request, leaving)
      if (request.waiters.length === 0 && !request.abandon(reason)) this.remove(request)
    }
  }

  #count(waiters: readonly PageWaiter[]): void {
    this.#counters.countWaiting(-waiters.length)
    const now = performance.now()
    for (const { isAccess, since } of waiters) if (isAccess) this.#counters.countLatency(now - since)
  }
}
