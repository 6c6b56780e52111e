import type { FileOperations } from '../../../kernel/file-operations.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import { FailWaiters } from '../../requests/fail-waiters.js'
import { PendingRequests } from '../../requests/pending-requests.js'
import { ReadAhead } from '../../requests/read-ahead.js'
import { RequestTimeouts } from '../../requests/request-timeouts.js'
import type { ResidentList } from '../../requests/resident-list.js'
import type { FaultSource } from '../../source/fault-source.js'
import { PageEntries } from '../../source/page-entries.js'
import type { PagerKernel } from '../../thread/pager-kernel.js'
import type { PagerMessage } from '../../thread/pager-request.js'
import type { PagerState } from '../../thread/pager-state.js'
import type { PagerThreadData } from '../../thread/pager-thread-data.js'
import { CallDriver } from './call-driver.js'
import type { DeviceFile } from './device-file.js'
import { DeviceMaps } from './device-maps.js'
import { DeviceView } from './device-view.js'
import type { DriverPages } from './driver-pages.js'
import { FaultServer } from './fault-server.js'
import { listResident } from './list-resident.js'
import { MapRequests } from './map-requests.js'
import { OverlayPages } from './overlay-pages.js'
import { ServeFetch } from './serve-fetch.js'
import { SettleRequest } from './settle-request.js'

/** What a device is served with. */
export interface DeviceServerInit {
  readonly kernel: PagerKernel
  readonly operations: FileOperations
  readonly source: FaultSource
  readonly file: DeviceFile
  readonly pages: DriverPages
  readonly state: PagerState
  readonly options: PagerThreadData['options']
  readonly inode: bigint
  send(message: PagerMessage): void
}

/**
 * Serves one device: finds what a fault is about, asks the driver for what is not there, and shows what is.
 *
 * The memory file is the truth about which pages are there, save for those that a `PageRequest` is in flight for. All changes to what is there
 * and what is shown are made by this one thread.
 */
export class DeviceServer {
  readonly faults: FaultServer
  readonly maps: MapRequests
  readonly jobs: ServeFetch
  readonly questions: CallDriver
  readonly #file: DeviceFile
  readonly #fills: PendingRequests
  readonly #view: DeviceView
  readonly #resident: ResidentList | undefined
  readonly #pageSize: number

  constructor(init: DeviceServerInit) {
    const { kernel, operations, source, file, pages, state, options, inode } = init
    const { counters } = state
    const { pageSize } = kernel
    const entries = new PageEntries(pageSize)
    const maps = new DeviceMaps()
    const fills = new PendingRequests(counters)
    const failed = new FailWaiters(source, pageSize, counters, init.send)
    const limit = new RequestTimeouts(options.timeout, fills, failed, counters)
    const placed = new OverlayPages(source, file)
    const view = new DeviceView(maps, source, file, placed, pageSize)
    const resident = listResident(options.residentLimit, file, view, counters, pageSize)
    const common = {
      operations,
      maps,
      source,
      file,
      view,
      placed,
      entries,
      fills,
      failed,
      limit,
      resident,
      state,
      pageSize,
    }
    const answers = new SettleRequest({ ...common, pages })
    const questions = new CallDriver({ ...common, answers })
    this.questions = questions
    this.faults = new FaultServer({ ...common, questions, run: new ReadAhead(options.run) })
    this.maps = new MapRequests({ ...common, kernel, answers, inode })
    this.jobs = new ServeFetch({ ...common, questions, most: options.run.most })
    this.#file = file
    this.#fills = fills
    this.#view = view
    this.#resident = resident
    this.#pageSize = pageSize
  }

  /** Has the pages filled, and shown wherever they are mapped. */
  fill(id: number, offset: number, length: number): Promise<void> {
    const { start, end } = this.#pagesAround(offset, length)
    return this.jobs.fill(id, start, end)
  }

  /** Forgets what the device's pages held. What a driver is filling now it will be asked for again. */
  invalidate(offset: number, length: number): void {
    const { start, end } = this.#pagesAround(offset, length)
    if (start >= end) return
    this.#fills.makeStale(start, end)
    this.#view.forget(start, end - start)
    this.#resident?.remove(start, end - start)
  }

  /** Who waits is told that the device is closed, and the driver is asked for nothing more. */
  close(): void {
    const error = new VmError('ENODEV', 'fault', { hint: 'the device was closed' })
    this.jobs.close(error)
    this.questions.close(error)
  }

  #pagesAround(offset: number, length: number): { readonly start: number; readonly end: number } {
    return {
      start: Math.floor(offset / this.#pageSize) * this.#pageSize,
      end: Math.min(this.#file.end, Math.ceil((offset + length) / this.#pageSize) * this.#pageSize),
    }
  }
}
