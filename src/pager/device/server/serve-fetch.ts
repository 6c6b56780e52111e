import { type FetchHost, FetchRange } from '../../requests/fetch-range.js'
import type { PageRequest, Waiter } from '../../requests/page-request.js'
import type { PendingRequests } from '../../requests/pending-requests.js'
import type { CallDriver } from './call-driver.js'
import type { DeviceFile } from './device-file.js'
import type { DeviceView } from './device-view.js'

export interface ServeFetchInit {
  readonly file: DeviceFile
  readonly view: DeviceView
  readonly fills: PendingRequests
  readonly questions: CallDriver
  readonly pageSize: number
  /** Bytes that are asked for at once, at most. */
  readonly most: number
}

/** What the program wants filled before anybody touches it. */
export class ServeFetch implements FetchHost {
  readonly #file: DeviceFile
  readonly #view: DeviceView
  readonly #fills: PendingRequests
  readonly #questions: CallDriver
  readonly #pageSize: number
  readonly #most: number
  readonly #jobs = new Map<number, { readonly job: FetchRange; readonly reject: (error: unknown) => void }>()

  constructor({ file, view, fills, questions, pageSize, most }: ServeFetchInit) {
    this.#file = file
    this.#view = view
    this.#fills = fills
    this.#questions = questions
    this.#pageSize = pageSize
    this.#most = most
  }

  /** Has the pages filled, and shown wherever they are mapped. `start` and `end` lie on pages. */
  fill(id: number, start: number, end: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const job = new FetchRange(this, start, end, this.#pageSize, (error) => {
        this.#jobs.delete(id)
        if (error === undefined) resolve()
        else reject(error.reason)
      })
      this.#jobs.set(id, { job, reject })
      job.start()
    })
  }

  /** Nobody waits for that `fill` any more. */
  cancel(id: number): void {
    const waiting = this.#jobs.get(id)
    if (waiting === undefined) return
    this.#jobs.delete(id)
    waiting.job.cancel()
    this.#fills.leave(waiting.job)
  }

  /** Nothing more is asked for, and who waits is told why. */
  close(error: Error): void {
    for (const [id, { reject }] of this.#jobs) {
      this.cancel(id)
      reject(error)
    }
  }

  // ---- what a job asks ----

  inFlight(offset: number): PageRequest | undefined {
    return this.#questions.inFlight(offset)
  }

  presentUntil(offset: number, end: number): number {
    return this.#fills.clip(offset, this.#file.nextAbsent(offset, end))
  }

  showEverywhere(offset: number, length: number): void {
    this.#view.showEverywhere(offset, length)
  }

  askFor(offset: number, end: number, waiter: Waiter): number {
    const most = Math.min(offset + this.#most, end)
    const until = this.#fills.clip(offset, this.#file.nextPresent(offset, most))
    this.#questions.askForRun(offset, until, waiter)
    return until
  }

  wait(fill: PageRequest, waiter: Waiter): void {
    this.#fills.wait(fill, waiter)
  }
}
