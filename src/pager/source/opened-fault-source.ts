import type { RawFailedFault } from '../../kernel/raw-failed-fault.js'
import type { FaultSourceAddress } from './fault-source-address.js'

/**
 * A fault source on the program's side. It outlives the threads that serve it: a fault without a server fails, and never reads zeros.
 */
export interface OpenedFaultSource {
  readonly name: FaultSourceAddress['name']
  /** Whether the serving thread alone can change the protection of a watched range, because hidden pages have no permission. */
  readonly changesProtection: boolean

  /** Passes the source to the thread that is about to serve it. */
  give(): FaultSourceAddress
  /**
   * Whether another thread is about to serve in place of the one that serves now, whose end would otherwise fail all waiters. `id` is that
   * thread's `FaultQueue.id`.
   */
  expectServer(expected: boolean, id: number): void
  /** Wakes the waiters of every fault that the previous thread read but did not answer, so that they fault again. */
  wakeUnanswered(pageSize: number): void
  /** The faults that failed because no thread answered them in time, since the last call. */
  takeFailed(): RawFailedFault[]
  /** Whether a thread serves the page at the address now. Always `false` where `takeFailed` reports the faults that no thread serves. */
  isServed(address: number): boolean
  /** Removes the poison of the page at the address: a later touch faults. A page that was installed meanwhile stays. */
  takePoison(address: number): void
  close(): void
}
