import type { FaultRecord } from '../../../kernel/fault-record.js'
import type { RawFailedFault } from '../../../kernel/raw-failed-fault.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import type { OpenedFaultSource } from '../../source/opened-fault-source.js'
import type { ServingThread } from '../../thread/serving-thread.js'

/** How many failed pages are kept with their cause. */
const MOST = 65_536

/** Why accesses to swapped memory failed. The pages stay poisoned until they are restored. */
export class SwapFaults {
  readonly #source: OpenedFaultSource
  readonly #thread: ServingThread
  readonly #pageSize: number
  /** By the address of the page, oldest first. */
  readonly #causes = new Map<number, unknown>()
  /** The causes of pages that have come back, for accesses that failed before: each is explained when its thread gets to run. */
  readonly #recovered = new Map<number, unknown>()

  constructor(source: OpenedFaultSource, thread: ServingThread, pageSize: number) {
    this.#source = source
    this.#thread = thread
    this.#pageSize = pageSize
  }

  add(address: number, cause: unknown): void {
    keep(this.#causes, address, cause)
  }

  /** The page at the address is poisoned no longer. */
  delete(address: number): void {
    const cause = this.#causes.get(address)
    if (this.#causes.delete(address)) keep(this.#recovered, address, cause)
  }

  explain(fault: FaultRecord): FaultRecord {
    // The kernel reports poison as it reports memory past the end of a file, and the guard a page that is not served as a driver's.
    if (fault.reason !== 'poisoned' && fault.reason !== 'past-end-of-file' && fault.reason !== 'driver') return fault
    this.#thread.drain()
    this.#takeUnanswered()
    const page = Number(fault.address) - (Number(fault.address) % this.#pageSize)
    const { unanswered } = fault
    if (unanswered === 'no-server' && !this.#source.isServed(page)) this.#thread.foundUnserved()
    const cause = this.#causes.get(page) ?? (unanswered && this.#why(unanswered)) ?? this.#recovered.get(page)
    if (cause !== undefined) return { ...fault, reason: 'swap', cause }
    // The page has come back meanwhile, and so many others since that its cause is forgotten.
    return fault.reason === 'driver' ? { ...fault, reason: 'swap' } : fault
  }

  /** The addresses in `[start, end)` that have failed. Each stays until its page has come back. */
  within(start: number, end: number): number[] {
    this.#takeUnanswered()
    return [...this.#causes.keys()].filter((address) => address >= start && address < end)
  }

  #takeUnanswered(): void {
    for (const { address, reason } of this.#source.takeFailed()) {
      if (reason === 'no-server') this.#thread.foundUnserved()
      if (!this.#causes.has(Number(address))) this.add(Number(address), this.#why(reason))
    }
  }

  #why(reason: RawFailedFault['reason']): Error {
    if (reason === 'no-server') return this.#thread.unservedError
    if (reason === 'itself') {
      return new VmError('EDEADLK', 'swap', { hint: "the swap's thread touched memory that it serves itself" })
    }
    return new VmError('ETIMEDOUT', 'swap', { hint: "the swap's thread did not answer in time, and does nothing else" })
  }
}

function keep(causes: Map<number, unknown>, address: number, cause: unknown): void {
  causes.delete(address)
  causes.set(address, cause)
  if (causes.size > MOST) causes.delete(causes.keys().next().value!)
}
