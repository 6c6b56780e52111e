import { VmError } from '../vocabulary/vm-error.js'
import { type FetchHost, FetchRange } from './fetch-range.js'
import type { PageRequest } from './page-request.js'
import type { PageWaiter } from './page-waiter.js'
import type { RequestDispatcher } from './request-dispatcher.js'

/** The functions that fetches use. Offsets and lengths are in bytes and lie on pages. */
export interface FetchesParts<R extends PageRequest> {
  readonly pageSize: number
  readonly requests: RequestDispatcher<R>
  /** The most bytes of one request. */
  readonly most: number
  /** The first page in `[from, to)` that is in memory, or `to`. */
  nextPresent(from: number, to: number): number
  /** The first page in `[from, to)` that is not in memory, or `to`. */
  nextAbsent(from: number, to: number): number
  /** Shows pages that are in memory wherever they are mapped. */
  showEverywhere(offset: number, length: number): void
  /** Makes a request without an access, or `undefined` where no hook can answer it. */
  requestFor(offset: number, length: number): R | undefined
  /** Calls back after pending faults and timers. */
  defer(callback: () => void): void
}

/** The calls that bring pages into memory before an access touches them: `ready` and `prefetch`. */
export class Fetches<R extends PageRequest> {
  readonly #parts: FetchesParts<R>
  readonly #host: FetchHost<R>
  readonly #fetches = new Map<unknown, { readonly fetch: FetchRange<R>; readonly reject: (error: unknown) => void }>()

  constructor(parts: FetchesParts<R>) {
    this.#parts = parts
    const { pageSize, requests } = parts
    this.#host = {
      pageSize,
      joinable: (offset) => requests.joinable(offset),
      join: (request, waiter) => requests.join(request, waiter),
      presentUntil: (offset, end) => requests.pending.clip(offset, parts.nextAbsent(offset, end)),
      showEverywhere: (offset, length) => parts.showEverywhere(offset, length),
      request: (offset, end, waiter) => this.#request(offset, end, waiter),
      defer: (callback) => parts.defer(callback),
    }
  }

  /**
   * Resolves when the pages of `[start, end)` are in memory and shown wherever they are mapped. Rejects with the error of the first page
   * that fails, once all were tried. `key` names the fetch for `cancel`.
   */
  fetch(key: unknown, start: number, end: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const fetch = new FetchRange<R>(this.#host, start, end, (refusal) => {
        this.#fetches.delete(key)
        if (refusal === undefined) resolve()
        else reject(refusal.reason ?? noFaultHook())
      })
      this.#fetches.set(key, { fetch, reject })
      fetch.start()
    })
  }

  /** Cancels a fetch whose caller no longer waits: its promise stays pending, and it makes no more requests. */
  cancel(key: unknown): void {
    const known = this.#fetches.get(key)
    if (known === undefined) return
    this.#fetches.delete(key)
    known.fetch.cancel()
    this.#parts.requests.leave(known.fetch)
  }

  /** Rejects all fetches and makes no more requests for them. */
  close(error: Error): void {
    for (const [key, { reject }] of this.#fetches) {
      this.cancel(key)
      reject(error)
    }
  }

  #request(offset: number, end: number, waiter: PageWaiter): number {
    const { requests, most, nextPresent, requestFor } = this.#parts
    const until = requests.pending.clip(offset, nextPresent(offset, Math.min(offset + most, end)))
    const request = requestFor(offset, until - offset)
    if (request === undefined) requests.refuse(waiter, noFaultHook(), until)
    else requests.request(request, waiter)
    return until
  }
}

function noFaultHook(): VmError {
  return new VmError('ENODEV', 'fault', { hint: 'the driver has no fault hook: its pages come with its mmap hook' })
}
