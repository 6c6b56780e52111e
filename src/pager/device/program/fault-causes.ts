import type { FaultRecord } from '../../../kernel/fault-record.js'
import type { RawFailedFault } from '../../../kernel/raw-failed-fault.js'
import { answerTimeout } from '../../../paging/answer-timeout.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import type { OpenedFaultSource } from '../../source/opened-fault-source.js'
import type { ServingThread } from '../../thread/serving-thread.js'
import { closedError } from './closed-error.js'
import { PoisonedPages } from './poisoned-pages.js'

export interface FaultCausesInit {
  readonly pageSize: number
  readonly source: OpenedFaultSource
  readonly thread: ServingThread
  /** How long an access waits for the driver, in milliseconds. */
  readonly timeout: number
  /** The device was closed. */
  isClosed(): boolean
  /** Whether the address is in a region of the device. */
  has(address: number): boolean
  /** Whether the page at the address is covered, from a failed access until its region is restored. */
  isCovered(address: bigint): boolean
}

/** The causes of failed accesses to a device, on the program's side: errors of the driver, and those of a thread that does not answer. */
export class FaultCauses {
  readonly #init: FaultCausesInit
  readonly #pages: PoisonedPages

  constructor(init: FaultCausesInit) {
    this.#init = init
    // The region may be unmapped: do not touch other memory at its address.
    this.#pages = new PoisonedPages((address) => {
      if (init.has(address)) init.source.takePoison(address)
    })
  }

  /** Notes that the page at the address has failed and is poisoned. */
  add(address: number, cause: unknown): void {
    this.#pages.add(address, cause)
  }

  /** The fault with its cause. Removes the poison of a failed page, so that a later touch requests it from the driver again. */
  explain(fault: FaultRecord): FaultRecord {
    // If another waiter already reported and cleared this poison, the fault now looks like past-end-of-file.
    const late = fault.reason === 'past-end-of-file'
    if (fault.reason !== 'poisoned' && fault.reason !== 'driver' && !late) return fault
    const { pageSize, thread, source } = this.#init
    const page = Number(fault.address) - (Number(fault.address) % pageSize)
    thread.drain()
    if (this.takeUnanswered()) thread.foundUnserved()
    const failure = this.#pages.get(page)
    if (late && failure === undefined) return fault
    // A covered page is poisoned when restore() puts it back, and restore() heals it then.
    const covered = this.#init.isCovered(fault.address)
    if (!covered && fault.reason === 'poisoned') this.#pages.healMet(page)
    else if (!covered) this.heal(page, 1)
    if (fault.unanswered !== undefined) {
      if (fault.unanswered === 'no-server' && !source.isServed(page)) thread.foundUnserved()
      return { ...fault, cause: this.#why(fault.unanswered) }
    }
    if (failure === undefined) {
      if (fault.reason !== 'driver') return fault
      return { ...fault, cause: this.#why(thread.serves ? 'timeout' : 'no-server') }
    }
    const { cause } = failure
    return { ...fault, reason: 'driver', ...(cause === undefined ? {} : { cause }) }
  }

  /** Removes the poison of failed pages in the range: a later touch requests them from the driver again. */
  heal(start: number, length: number): void {
    this.#pages.heal(start, start + length)
  }

  /** Forgets the causes in a range that no longer maps the device. */
  forget(start: number, length: number): void {
    this.#pages.forget(start, start + length)
  }

  /** Notes the faults that were not answered in time. Returns whether one of them had no server. */
  takeUnanswered(): boolean {
    let unserved = false
    for (const { address, reason } of this.#init.source.takeFailed()) {
      unserved ||= reason === 'no-server'
      if (!this.#pages.get(Number(address))?.poisoned) this.add(Number(address), this.#why(reason))
    }
    return unserved
  }

  #why(reason: RawFailedFault['reason']): Error {
    const { isClosed, thread, timeout } = this.#init
    if (isClosed()) return closedError('fault')
    if (reason === 'itself') {
      return new VmError('EDEADLK', 'fault', { hint: "the driver's thread touched memory that it serves itself" })
    }
    if (reason === 'no-server') return thread.unservedError
    return answerTimeout('fault', timeout, ', and its thread does nothing else')
  }
}
