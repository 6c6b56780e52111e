import type { FileOperations } from '../kernel/file-operations.js'
import type { LinuxKernel } from '../linux/linux-kernel.js'
import { VmError } from '../vocabulary/vm-error.js'
import type { DeviceFile } from './device-file.js'
import { DeviceMaps } from './device-maps.js'
import { DeviceView } from './device-view.js'
import type { DriverPages } from './driver-pages.js'
import { DriverQuestions } from './driver-questions.js'
import { FailedWaits } from './failed-waits.js'
import { FaultRun } from './fault-run.js'
import { FaultServer } from './fault-server.js'
import type { FaultSource } from './fault-source.js'
import { FillAnswers } from './fill-answers.js'
import { FillJobs } from './fill-jobs.js'
import { FillsInFlight } from './fills-in-flight.js'
import { listResident } from './list-resident.js'
import { MapRequests } from './map-requests.js'
import { PageEntries } from './page-entries.js'
import type { PagerMessage } from './pager-request.js'
import type { PagerState } from './pager-state.js'
import type { PagerThreadData } from './pager-thread-data.js'
import { PlacedPages } from './placed-pages.js'
import type { ResidentList } from './resident-list.js'
import { WaitLimit } from './wait-limit.js'

/** What a device is served with. */
export interface DeviceServerInit {
  readonly kernel: LinuxKernel
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
 * The memory file is the truth about which pages are there, save for those that a `Fill` is in flight for. All changes to what is there
 * and what is shown are made by this one thread.
 */
export class DeviceServer {
  readonly faults: FaultServer
  readonly maps: MapRequests
  readonly jobs: FillJobs
  readonly questions: DriverQuestions
  readonly #file: DeviceFile
  readonly #fills: FillsInFlight
  readonly #view: DeviceView
  readonly #resident: ResidentList | undefined
  readonly #pageSize: number

  constructor(init: DeviceServerInit) {
    const { kernel, operations, source, file, pages, state, options, inode } = init
    const { counters } = state
    const { pageSize } = kernel
    const entries = new PageEntries(pageSize)
    const maps = new DeviceMaps()
    const fills = new FillsInFlight(counters)
    const failed = new FailedWaits(source, pageSize, counters, init.send)
    const limit = new WaitLimit(options.timeout, fills, failed, counters)
    const placed = new PlacedPages(source, file)
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
    const answers = new FillAnswers({ ...common, pages })
    const questions = new DriverQuestions({ ...common, answers })
    this.questions = questions
    this.faults = new FaultServer({ ...common, questions, run: new FaultRun(options.run) })
    this.maps = new MapRequests({ ...common, kernel, answers, inode })
    this.jobs = new FillJobs({ ...common, questions, most: options.run.most })
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
