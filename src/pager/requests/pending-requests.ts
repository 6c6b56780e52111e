import { COUNTER } from '../thread/pager-state.js'
import type { PageRequest, Waiter } from './page-request.js'

/** The questions that the driver has not answered, and who waits for them. They are few. */
export class PendingRequests {
  readonly #counters: Float64Array
  readonly #fills: PageRequest[] = []

  constructor(counters: Float64Array) {
    this.#counters = counters
  }

  [Symbol.iterator](): Iterator<PageRequest> {
    return [...this.#fills][Symbol.iterator]()
  }

  /** Bytes that are being filled. */
  get bytes(): number {
    let bytes = 0
    for (const { length } of this.#fills) bytes += length
    return bytes
  }

  add(fill: PageRequest): void {
    this.#fills.push(fill)
  }

  remove(fill: PageRequest): void {
    const at = this.#fills.indexOf(fill)
    if (at >= 0) this.#fills.splice(at, 1)
  }

  /** The question for the page at `offset`, or for the first write to it. */
  at(offset: number, firstWrite = false): PageRequest | undefined {
    for (const fill of this.#fills) if (fill.firstWrite === firstWrite && fill.covers(offset)) return fill
    return undefined
  }

  /** The question of somebody who touched the page at the address. */
  byAddress(address: number): PageRequest | undefined {
    for (const fill of this.#fills) if (fill.page === address && !fill.firstWrite) return fill
    return undefined
  }

  /** How far `[offset, end)` reaches without a page that is being filled. */
  clip(offset: number, end: number): number {
    let until = end
    for (const fill of this.#fills) {
      if (!fill.firstWrite && fill.end > offset && fill.offset < until) until = Math.max(offset, fill.offset)
    }
    return until
  }

  /** What the driver gives for `[start, end)` is of the past. */
  makeStale(start: number, end: number): void {
    for (const fill of this.#fills) if (!fill.firstWrite && fill.offset < end && start < fill.end) fill.stale = true
  }

  wait(fill: PageRequest, waiter: Waiter): void {
    fill.waiters.push(waiter)
    this.#counters[COUNTER.WAITING]!++
  }

  /** The job waits for nothing any more, and the driver is told where so nobody does. */
  leave(job: object): void {
    for (const fill of this) {
      const staying = fill.waiters.filter((waiter) => waiter.job !== job)
      if (staying.length === fill.waiters.length) continue
      this.#counters[COUNTER.WAITING]! -= fill.waiters.length - staying.length
      fill.waiters.splice(0, Infinity, ...staying)
      if (staying.length === 0) fill.abort()
    }
  }
}
