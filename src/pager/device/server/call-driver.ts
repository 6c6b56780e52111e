import type { FileOperations } from '../../../kernel/file-operations.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import type { FailWaiters } from '../../requests/fail-waiters.js'
import { PageRequest, type Waiter } from '../../requests/page-request.js'
import type { PendingRequests } from '../../requests/pending-requests.js'
import type { RequestTimeouts } from '../../requests/request-timeouts.js'
import type { ResidentList } from '../../requests/resident-list.js'
import type { FaultSource } from '../../source/fault-source.js'
import { COUNTER, type PagerState } from '../../thread/pager-state.js'
import type { DeviceFile } from './device-file.js'
import type { DeviceMap } from './device-map.js'
import type { DeviceMaps } from './device-maps.js'
import type { SettleRequest } from './settle-request.js'

/** How often a run is asked for anew because it was invalidated while the driver filled it. */
const MOST_ROUNDS = 100

export interface CallDriverInit {
  readonly operations: FileOperations
  readonly maps: DeviceMaps
  readonly source: FaultSource
  readonly file: DeviceFile
  readonly fills: PendingRequests
  readonly answers: SettleRequest
  readonly failed: FailWaiters
  readonly limit: RequestTimeouts
  readonly resident: ResidentList | undefined
  readonly state: PagerState
  readonly pageSize: number
}

/** Asks a driver for pages: calls its hooks, and does with the answer what is due, be it given at once, late, or not at all. */
export class CallDriver {
  readonly #operations: FileOperations
  readonly #maps: DeviceMaps
  readonly #source: FaultSource
  readonly #file: DeviceFile
  readonly #fills: PendingRequests
  readonly #answers: SettleRequest
  readonly #failed: FailWaiters
  readonly #limit: RequestTimeouts
  readonly #resident: ResidentList | undefined
  readonly #state: PagerState
  readonly #pageSize: number
  #promises = 0
  #closed = false

  constructor(init: CallDriverInit) {
    this.#operations = init.operations
    this.#maps = init.maps
    this.#source = init.source
    this.#file = init.file
    this.#fills = init.fills
    this.#answers = init.answers
    this.#failed = init.failed
    this.#limit = init.limit
    this.#resident = init.resident
    this.#state = init.state
    this.#pageSize = init.pageSize
  }

  /** A hook has given a promise that is not settled. */
  get waits(): boolean {
    return this.#promises > 0
  }

  /**
   * The question for the page at `offset`, or for the first write to it, that whoever wants it waits for. One that nobody waited for any
   * more, as after a timeout, and that the driver still has, is as if it had never been: it may never be answered.
   */
  inFlight(offset: number, firstWrite = false): PageRequest | undefined {
    const fill = this.#fills.at(offset, firstWrite)
    if (fill === undefined || !fill.aborted) return fill
    fill.drop()
    this.#fills.remove(fill)
    return undefined
  }

  /** For somebody who touched the page at the address: `[waiter.offset, end)`, or that he may write to it. */
  askForFault(map: DeviceMap, waiter: Waiter, end: number, firstWrite = false): void {
    const { address, offset, write } = waiter
    const fill = new PageRequest(map.area, this.#file, address, offset, end - offset, write, firstWrite)
    this.#fills.wait(fill, waiter)
    if (firstWrite || this.#operations.fault !== undefined) this.#ask(fill)
    else this.#failed.failAll(fill, undefined)
  }

  /** For somebody who touched nothing. */
  askForRun(offset: number, end: number, waiter: Waiter): void {
    const fill = new PageRequest(undefined, this.#file, -1, offset, end - offset, false, false)
    this.#fills.wait(fill, waiter)
    this.#ask(fill)
  }

  /** Who waits is told why, and whatever the driver says later counts for nothing. */
  close(error: VmError): void {
    this.#closed = true
    this.#limit.stop()
    for (const fill of this.#fills) {
      this.#fills.remove(fill)
      this.#failed.failAll(fill, error)
      fill.abort(error)
    }
  }

  /** Whatever the driver says later counts for nothing, and who waits is another thread's. */
  leave(): void {
    this.#closed = true
    this.#limit.stop()
  }

  #ask(fill: PageRequest): void {
    const { counters } = this.#state
    if (!fill.firstWrite) {
      counters[COUNTER.FILLS]!++
      this.#resident?.makeRoom(this.#fills.bytes + fill.length)
    }
    const hook = fill.firstWrite ? this.#operations.pageMkwrite! : this.#operations.fault!
    this.#fills.add(fill)
    let answer: void | Promise<void>
    counters[COUNTER.BUSY_SINCE] = Date.now()
    try {
      answer = hook.call(this.#operations, fill)
    } catch (error) {
      counters[COUNTER.BUSY_SINCE] = 0
      this.#threw(fill, error)
      fill.release('failed')
      return
    }
    counters[COUNTER.BUSY_SINCE] = 0
    if (answer === undefined || typeof answer !== 'object') {
      this.#answered(fill)
      fill.release('returned')
      return
    }
    this.#promises++
    this.#limit.arm()
    answer.then(
      () => {
        this.#promises--
        this.#answered(fill)
        fill.release('resolved')
      },
      (error) => {
        this.#promises--
        this.#threw(fill, error)
        fill.release('failed')
      },
    )
  }

  #answered(fill: PageRequest): void {
    if (this.#closed || fill.dropped) return
    this.#fills.remove(fill)
    if (fill.stale) {
      this.#askAgain(fill)
      return
    }
    try {
      this.#answers.give(fill)
    } catch (error) {
      if (fill.counted) this.#state.counters[COUNTER.WAITING]! += fill.waiters.length
      this.#refuse(fill, error)
      return
    }
    for (const waiter of fill.waiters) waiter.settle?.()
  }

  #threw(fill: PageRequest, error: unknown): void {
    if (this.#closed || fill.dropped) return
    this.#fills.remove(fill)
    if (fill.stale) this.#askAgain(fill)
    else this.#refuse(fill, error)
  }

  #askAgain(fill: PageRequest): void {
    if (fill.waiters.length === 0) return
    if (fill.rounds < MOST_ROUNDS) {
      this.#ask(fill.again())
      return
    }
    const hint = 'the driver invalidates the page each time it fills it'
    this.#failed.failAll(fill, new VmError('EIO', 'fault', { hint }))
  }

  // A run was more than was needed: what is wrong may be with another page of it than those that are waited for.
  #refuse(fill: PageRequest, error: unknown): void {
    if (fill.waiters.length === 0) return
    const again = fill.aborted || (!fill.firstWrite && fill.length > this.#pageSize)
    if (!again || fill.rounds === MOST_ROUNDS) {
      this.#failed.failAll(fill, error)
      return
    }
    this.#state.counters[COUNTER.WAITING]! -= fill.waiters.length
    for (const waiter of fill.waiters) waiter.settle?.({ reason: error, offset: fill.offset, end: fill.end })
    for (const waiter of fill.waiters) if (waiter.settle === undefined) this.#waitForOne(waiter)
  }

  #waitForOne(waiter: Waiter): void {
    const { address, offset } = waiter
    const other = this.inFlight(offset)
    const map = this.#maps.at(address)
    if (map === undefined) this.#source.faults.wake(address, this.#pageSize)
    else if (other !== undefined) this.#fills.wait(other, waiter)
    else this.askForFault(map, waiter, offset + this.#pageSize)
  }
}
