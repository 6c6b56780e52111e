import type { RawFault } from '../../kernel/raw-fault.js'
import type { RawPage } from '../../kernel/raw-page.js'
import type { DeviceArea } from '../device/server/device-area.js'
import type { DeviceFile } from '../device/server/device-file.js'

/** Who waits for a page: an access to it, or a request of the program's. */
export interface Waiter {
  /** Of the page; -1 for a request. */
  readonly address: number
  readonly offset: number
  readonly write: boolean
  /** When it came, as `performance.now()` tells. */
  readonly since: number
  /** The request that waits. */
  readonly job?: object
  /** Of a request: is told when the page is there, or why the pages in `[offset, end)` can't be had. */
  readonly settle?: (refusal?: RequestRefusal) => void
}

export interface RequestRefusal {
  readonly reason: unknown
  readonly offset: number
  readonly end: number
}

/** A question to a driver that has no answer yet: for a run of pages, or for the first write to one. */
export class PageRequest implements RawFault {
  readonly area: DeviceArea | undefined
  readonly offset: number
  readonly length: number
  readonly write: boolean
  /** Is it a page that is there, of which only writing is new? */
  readonly firstWrite: boolean
  readonly waiters: Waiter[] = []
  /** The pages were invalidated meanwhile: what the driver gives is of the past. */
  stale = false
  /** How often it was asked again for that. */
  rounds = 0
  /** The page that the driver gave instead of filling. */
  given: RawPage | undefined
  /** The driver put a page of its own at the address. */
  inserted = false
  /** Those who wait are not among the waiting any more. */
  counted = false
  /** Of the page that was touched; -1 where nobody touched any. */
  readonly page: number
  readonly #file: DeviceFile
  #bytes: Uint8Array | undefined
  #dropped = false
  #over = false
  #abort: AbortController | undefined
  #aborted = false

  constructor(
    area: DeviceArea | undefined,
    file: DeviceFile,
    page: number,
    offset: number,
    length: number,
    write: boolean,
    firstWrite: boolean,
  ) {
    this.area = area
    this.#file = file
    this.page = page
    this.offset = offset
    this.length = length
    this.write = write
    this.firstWrite = firstWrite
  }

  /** The same question, for those who wait for this one. */
  again(): PageRequest {
    const { area, page, offset, length, write, firstWrite } = this
    const next = new PageRequest(area, this.#file, page, offset, length, write, firstWrite)
    next.waiters.push(...this.waiters)
    next.rounds = this.rounds + 1
    return next
  }

  get end(): number {
    return this.offset + this.length
  }

  get address(): bigint | undefined {
    return this.page < 0 ? undefined : BigInt(this.page)
  }

  get bytes(): Uint8Array {
    // Who has answered, or has been asked again, and asks for them only now has no use for the true ones.
    if (this.#over && this.#bytes === undefined) return new Uint8Array(this.length)
    this.#bytes ??= this.firstWrite ? this.#file.page(this.offset) : this.#file.drafts.take(this.length)
    return this.#bytes
  }

  /** The driver has no more to do with the bytes. */
  release(how: 'returned' | 'resolved' | 'failed'): void {
    this.#over = true
    if (this.#bytes === undefined) return
    if (this.firstWrite) this.#file.detach(this.offset, this.#bytes)
    else this.#file.drafts.giveBack(this.#bytes, how)
  }

  /** Somebody asks anew, and the driver has not answered this yet: whatever it does with the bytes counts for nothing. */
  drop(): void {
    this.#dropped = true
    this.#over = true
    if (this.firstWrite && this.#bytes !== undefined) this.#file.detach(this.offset, this.#bytes)
  }

  get dropped(): boolean {
    return this.#dropped
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.#aborted) this.#abort.abort()
    }
    return this.#abort.signal
  }

  answer(page: RawPage): void {
    this.given = page
  }

  /** Nobody waits any more. */
  abort(reason?: unknown): void {
    this.#aborted = true
    this.#abort?.abort(reason)
  }

  get aborted(): boolean {
    return this.#aborted
  }

  covers(offset: number): boolean {
    return offset >= this.offset && offset < this.end
  }
}
