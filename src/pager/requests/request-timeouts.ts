import { VmError } from '../../vocabulary/vm-error.js'
import { COUNTER } from '../thread/pager-state.js'
import type { FailWaiters } from './fail-waiters.js'
import type { PendingRequests } from './pending-requests.js'

/** The longest that a timer takes, in milliseconds. */
const LONGEST = 2 ** 31 - 1

/** Ends waits that take longer than they may. */
export class RequestTimeouts {
  readonly #milliseconds: number
  readonly #fills: PendingRequests
  readonly #failed: FailWaiters
  readonly #counters: Float64Array
  #timer: NodeJS.Timeout | undefined

  constructor(milliseconds: number, fills: PendingRequests, failed: FailWaiters, counters: Float64Array) {
    this.#milliseconds = milliseconds
    this.#fills = fills
    this.#failed = failed
    this.#counters = counters
  }

  /** Somebody waits for a driver that lets the event loop go on. */
  arm(): void {
    if (this.#milliseconds === Infinity || this.#timer !== undefined) return
    let first = Infinity
    for (const { waiters } of this.#fills) for (const { since } of waiters) first = Math.min(first, since)
    if (first === Infinity) return
    const left = Math.max(1, Math.min(first + this.#milliseconds - performance.now() + 1, LONGEST))
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#endWaits(performance.now() - this.#milliseconds)
      this.arm()
    }, left)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #endWaits(before: number): void {
    for (const fill of this.#fills) {
      const late = fill.waiters.filter(({ since }) => since <= before)
      if (late.length === 0) continue
      const error = new VmError('ETIMEDOUT', fill.firstWrite ? 'page_mkwrite' : 'fault', {
        hint: `the driver did not answer within ${this.#milliseconds} ms`,
      })
      this.#counters[COUNTER.TIMEOUTS]! += late.length
      // A job that is told goes on, and may wait for the same question at once.
      fill.waiters.splice(0, Infinity, ...fill.waiters.filter(({ since }) => since > before))
      for (const waiter of late) this.#failed.fail(waiter, error, fill)
      if (fill.waiters.length === 0) fill.abort(error)
    }
  }
}
