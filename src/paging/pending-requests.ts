import { now } from './now.js'
import type { PageRequest } from './page-request.js'
import type { PageWaiter } from './page-waiter.js'
import type { RequestCounters } from './request-counters.js'

/** The pending requests and their waiters. They are few. */
export class PendingRequests<R extends PageRequest> {
  readonly #counters: RequestCounters
  readonly #requests: R[] = []

  constructor(counters: RequestCounters) {
    this.#counters = counters
  }

  /** The requests at the time of the call; the loop may change them. */
  [Symbol.iterator](): Iterator<R> {
    return [...this.#requests][Symbol.iterator]()
  }

  /** Bytes that are being filled. */
  get bytes(): number {
    let bytes = 0
    for (const { length } of this.#requests) bytes += length
    return bytes
  }

  /** Whether a request has a waiter. */
  get hasWaiters(): boolean {
    return this.#requests.some(({ waiters }) => waiters.length > 0)
  }

  add(request: R): void {
    this.#requests.push(request)
  }

  remove(request: R): void {
    const at = this.#requests.indexOf(request)
    if (at < 0) return
    // The order does not count, and `splice` makes an array.
    const last = this.#requests.pop()!
    if (last !== request) this.#requests[at] = last
  }

  /** The request for the page at `offset`, or for the first write to it. */
  at(offset: number, firstWrite = false): R | undefined {
    for (const request of this.#requests) {
      if (request.firstWrite === firstWrite && request.covers(offset)) return request
    }
    return undefined
  }

  /** The first fill request for which `has` returns true. */
  find(has: (request: R) => boolean): R | undefined {
    for (const request of this.#requests) if (!request.firstWrite && has(request)) return request
    return undefined
  }

  /** The end of the part of `[offset, end)` before the first page that is being filled. */
  clip(offset: number, end: number): number {
    let until = end
    for (const request of this.#requests) {
      if (request.firstWrite || request.end <= offset || request.offset >= until) continue
      until = Math.max(offset, request.offset)
    }
    return until
  }

  /** Marks the answers for pages of `[start, end)` as stale. */
  invalidate(start: number, end: number): void {
    for (const request of this) {
      if (request.firstWrite || request.offset >= end || start >= request.end) continue
      if (!request.invalidate()) this.remove(request)
    }
  }

  wait(request: R, waiter: PageWaiter): void {
    // Most requests have one waiter: to make room in an empty array would be a call out of compiled code.
    if (request.waiters.length === 0) request.waiters = [waiter]
    else request.waiters.push(waiter)
    this.#counters.countWaiting(1)
  }

  /**
   * Removes the waiters of a request and updates the counters, before the waiters are settled: a woken thread sees its own fault counted.
   */
  takeWaiters(request: R): PageWaiter[] {
    const waiters = request.takeWaiters()
    this.#count(waiters)
    return waiters
  }

  /**
   * Removes the waiters for which `leaves` returns true, and passes them to `settle`. A request without other waiters is abandoned;
   * `settle` returns the reason for its signal.
   */
  leave(
    leaves: (waiter: PageWaiter) => boolean,
    settle?: (request: R, waiters: readonly PageWaiter[]) => unknown,
  ): void {
    for (const request of this) {
      const leaving = request.waiters.filter(leaves)
      if (leaving.length === 0) continue
      request.waiters = request.waiters.filter((waiter) => !leaving.includes(waiter))
      this.#count(leaving)
      // A settled call may wait for the same request again at once.
      const reason = settle?.(request, leaving)
      if (request.waiters.length === 0 && !request.abandon(reason)) this.remove(request)
    }
  }

  #count(waiters: readonly PageWaiter[]): void {
    this.#counters.countWaiting(-waiters.length)
    const time = now()
    for (const { isAccess, since } of waiters) if (isAccess) this.#counters.countLatency(time - since)
  }
}
