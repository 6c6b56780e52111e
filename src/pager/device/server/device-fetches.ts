import { type FetchHost, FetchRange } from '../../../paging/fetch-range.js'
import type { PageWaiter } from '../../../paging/page-waiter.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import { DeviceRequest } from './device-request.js'
import type { ServedDevice } from './served-device.js'

/** The calls that bring pages into memory before anything touches them: `ready` and `prefetch`. */
export class DeviceFetches implements FetchHost<DeviceRequest> {
  readonly #device: () => ServedDevice
  /** Bytes that are asked for at once, at most. */
  readonly #most: number
  readonly #fetches = new Map<
    number,
    { readonly fetch: FetchRange<DeviceRequest>; readonly reject: (error: unknown) => void }
  >()

  constructor(device: () => ServedDevice, most: number) {
    this.#device = device
    this.#most = most
  }

  /** Resolves when the pages are in memory and shown wherever they are mapped. `start` and `end` lie on pages. */
  fetch(id: number, start: number, end: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const fetch = new FetchRange<DeviceRequest>(this, start, end, (refusal) => {
        this.#fetches.delete(id)
        if (refusal === undefined) resolve()
        else reject(refusal.reason ?? new VmError('EFAULT', 'fault'))
      })
      this.#fetches.set(id, { fetch, reject })
      fetch.start()
    })
  }

  /** The caller of that fetch waits no more. */
  cancel(id: number): void {
    const known = this.#fetches.get(id)
    if (known === undefined) return
    this.#fetches.delete(id)
    known.fetch.cancel()
    this.#device().requests.leave(known.fetch)
  }

  /** Rejects all fetches, and asks for nothing more. */
  close(error: Error): void {
    for (const [id, { reject }] of this.#fetches) {
      this.cancel(id)
      reject(error)
    }
  }

  // ---- what a fetch does its work with ----

  get pageSize(): number {
    return this.#device().pageSize
  }

  joinable(offset: number): DeviceRequest | undefined {
    return this.#device().requests.joinable(offset)
  }

  join(request: DeviceRequest, waiter: PageWaiter): void {
    this.#device().requests.join(request, waiter)
  }

  presentUntil(offset: number, end: number): number {
    const { requests, file } = this.#device()
    return requests.pending.clip(offset, file.nextAbsent(offset, end))
  }

  showEverywhere(offset: number, length: number): void {
    this.#device().view.showEverywhere(offset, length)
  }

  request(offset: number, end: number, waiter: PageWaiter): number {
    const { requests, file, operations } = this.#device()
    const most = Math.min(offset + this.#most, end)
    const until = requests.pending.clip(offset, file.nextPresent(offset, most))
    if (operations.fault === undefined) requests.refuse(waiter, undefined, until)
    else requests.request(DeviceRequest.fill({ file, page: -1, write: false }, offset, until - offset), waiter)
    return until
  }

  defer(callback: () => void): void {
    setImmediate(callback)
  }
}
