import { hookError } from '../../../kernel/hook-error.js'
import type { FailWaiters } from '../../requests/fail-waiters.js'
import type { Waiter } from '../../requests/page-request.js'
import type { PendingRequests } from '../../requests/pending-requests.js'
import type { ReadAhead } from '../../requests/read-ahead.js'
import type { RequestTimeouts } from '../../requests/request-timeouts.js'
import type { ResidentList } from '../../requests/resident-list.js'
import type { FaultSource } from '../../source/fault-source.js'
import { COUNTER, type PagerState } from '../../thread/pager-state.js'
import type { CallDriver } from './call-driver.js'
import type { DeviceFile } from './device-file.js'
import type { DeviceMap } from './device-map.js'
import type { DeviceMaps } from './device-maps.js'
import type { DeviceView } from './device-view.js'

/** Pages in the file that one fault shows at once. */
const SHOWN_AROUND = 16

export interface FaultServerInit {
  readonly maps: DeviceMaps
  readonly source: FaultSource
  readonly file: DeviceFile
  readonly view: DeviceView
  readonly fills: PendingRequests
  readonly questions: CallDriver
  readonly failed: FailWaiters
  readonly limit: RequestTimeouts
  readonly run: ReadAhead
  readonly resident: ResidentList | undefined
  readonly state: PagerState
  readonly pageSize: number
}

/** What a fault goes through: it waits for a page that is in flight, is shown one that is there, or asks the driver. */
export class FaultServer {
  readonly #maps: DeviceMaps
  readonly #source: FaultSource
  readonly #file: DeviceFile
  readonly #view: DeviceView
  readonly #fills: PendingRequests
  readonly #questions: CallDriver
  readonly #failed: FailWaiters
  readonly #limit: RequestTimeouts
  readonly #run: ReadAhead
  readonly #resident: ResidentList | undefined
  readonly #state: PagerState
  readonly #pageSize: number

  constructor(init: FaultServerInit) {
    this.#maps = init.maps
    this.#source = init.source
    this.#file = init.file
    this.#view = init.view
    this.#fills = init.fills
    this.#questions = init.questions
    this.#failed = init.failed
    this.#limit = init.limit
    this.#run = init.run
    this.#resident = init.resident
    this.#state = init.state
    this.#pageSize = init.pageSize
  }

  /** Serves the fault with that index among those that the source has taken. `now` is when, as `performance.now()` tells. */
  readonly serve = (index: number, now: number): void => {
    this.#state.counters[COUNTER.FAULTS]!++
    const address = this.#source.faults.address(index)
    const map = this.#maps.at(address)
    if (map === undefined) {
      this.#source.faults.wake(address, this.#pageSize) // It was unmapped meanwhile.
      return
    }
    const offset = map.offsetAt(address)
    const firstWrite = this.#source.faults.isFirstWrite(index)
    const waiter: Waiter = { address, offset, write: this.#source.faults.isWrite(index), since: now }
    const inFlight = this.#questions.inFlight(offset, firstWrite)
    if (inFlight !== undefined) {
      this.#fills.wait(inFlight, waiter)
      this.#limit.arm()
    } else if (firstWrite) {
      this.#firstWrite(map, waiter)
    } else if (map.inserted.has(address)) {
      this.#questions.askForFault(map, waiter, offset + this.#pageSize)
    } else {
      this.#missing(map, waiter)
    }
  }

  #missing(map: DeviceMap, waiter: Waiter): void {
    const { offset } = waiter
    const asked = this.#run.lengthAt(offset)
    const most = Math.min(offset + asked, map.endOffset, this.#file.end)
    const end = this.#file.nextPresent(offset, most)
    if (end === offset) {
      this.#showAround(map, waiter)
      return
    }
    const until = this.#fills.clip(offset, end)
    this.#run.began(offset, asked, until - offset)
    this.#questions.askForFault(map, waiter, until)
  }

  #showAround(map: DeviceMap, waiter: Waiter): void {
    const { address, offset, since } = waiter
    const end = Math.min(offset + SHOWN_AROUND * this.#pageSize, map.endOffset)
    const until =
      map.inserted.size > 0 ? offset + this.#pageSize : this.#fills.clip(offset, this.#file.nextAbsent(offset, end))
    this.#resident?.touch(offset, until - offset)
    this.#state.countLatency(performance.now() - since)
    try {
      this.#view.show(map, address, until - offset)
    } catch (error) {
      this.#state.counters[COUNTER.WAITING]!++
      this.#failed.fail(waiter, hookError(error, 'fault'), { offset, end: offset + this.#pageSize })
    }
  }

  // Two threads may have written to the page before the first of them was answered: the second one's fault is out of date then.
  #firstWrite(map: DeviceMap, waiter: Waiter): void {
    const { address, offset } = waiter
    if (this.#source.pages.mayBeWriteProtected(address)) {
      this.#questions.askForFault(map, waiter, offset + this.#pageSize, true)
    } else {
      this.#source.faults.wake(address, this.#pageSize)
    }
  }
}
