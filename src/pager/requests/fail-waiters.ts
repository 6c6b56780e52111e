import { hookError } from '../../kernel/hook-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { FaultSource } from '../source/fault-source.js'
import { packError } from '../thread/pack-error.js'
import type { PagerMessage } from '../thread/pager-request.js'
import { COUNTER } from '../thread/pager-state.js'
import type { PageRequest, Waiter } from './page-request.js'

/** Tells those who wait for a page that they don't get it. */
export class FailWaiters {
  readonly #source: FaultSource
  readonly #pageSize: number
  readonly #counters: Float64Array
  readonly #send: (message: PagerMessage) => void

  constructor(source: FaultSource, pageSize: number, counters: Float64Array, send: (message: PagerMessage) => void) {
    this.#source = source
    this.#pageSize = pageSize
    this.#counters = counters
    this.#send = send
  }

  /** All who wait for a question; `undefined` is a fault of which nobody knows more. */
  failAll(fill: PageRequest, error: unknown): void {
    const reason = error === undefined ? undefined : hookError(error, fill.firstWrite ? 'page_mkwrite' : 'fault')
    for (const waiter of fill.waiters.splice(0)) this.fail(waiter, reason, fill)
  }

  /** One who is counted among the waiting: for a page that with the others in `[offset, end)` can't be had. */
  fail(waiter: Waiter, reason: VmError | undefined, { offset, end }: { offset: number; end: number }): void {
    this.#counters[COUNTER.WAITING]!--
    this.#counters[COUNTER.FAILURES]!++
    if (waiter.settle !== undefined) {
      waiter.settle({ reason: reason ?? new VmError('EFAULT', 'fault'), offset, end })
      return
    }
    // The error goes ahead, so that it is there when the access has failed.
    const error = reason === undefined ? undefined : packError(reason)
    this.#send({ type: 'failure', address: waiter.address, error })
    this.#source.faults.fail(waiter.address, this.#pageSize)
  }
}
