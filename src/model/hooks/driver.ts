import type { DeviceStatistics } from '../../kernel/device-statistics.js'
import type { RawDeviceOptions } from '../../kernel/devices.js'
import type { FileOperations } from '../../kernel/file-operations.js'
import { hookError } from '../../kernel/hook-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { Inode, InodeDriver } from '../structs/inode.js'
import { Page } from '../structs/page.js'
import { unmapFilePages } from '../structs/unmap-file-pages.js'
import { PageRequest, type RequestedPage } from './page-request.js'
import { ResidentPages } from './resident-pages.js'

/** The times of the histogram: up to 2^31 microseconds, which are 36 minutes. */
const latencies = 32

/**
 * What stands behind a device's inode: its hooks, the questions they were asked, and the device's own pages, which are the inode's page
 * cache. A page that is in there is asked for no more, whoever faults on it, until it is invalidated or dropped.
 */
export class Driver implements InodeDriver {
  readonly inode: Inode
  /** Why nothing is asked of the driver any more: it was closed, or it failed to begin again. */
  ended: VmError | undefined = undefined
  /** Questions for pages, by each page of the device that they are about: in flight, or answered with a page of the driver's own. */
  readonly asks = new Map<number, PageRequest>()
  /** Questions whether a page may be written, in flight. */
  readonly writes = new Map<Page, PageRequest>()
  /** Settles when other hooks have taken over, while they are about to. */
  beginning: Promise<undefined> | undefined = undefined
  /** How often other hooks have taken over. */
  generation = 0
  #begun: (() => void) | undefined
  readonly #options: Pick<RawDeviceOptions, 'timeout' | 'run'>
  readonly #resident: ResidentPages | undefined
  readonly #counts = { faults: 0, fills: 0, bytesFilled: 0, failures: 0, timeouts: 0, bytesDropped: 0 }
  readonly #latency: number[] = new Array(latencies).fill(0)
  /** Questions of all kinds that wait for an answer. */
  readonly #waiting = new Set<PageRequest>()
  /** Where the next fault is if the device is read from front to back, and how many pages it will ask for then. */
  #next = -1
  #run: number
  /** Pages that were asked for by an access that has gone away meanwhile. */
  readonly #owed = new Set<number>()
  #operations: FileOperations
  #released = false

  constructor(
    inode: Inode,
    operations: FileOperations,
    { timeout, run, residentLimit }: Pick<RawDeviceOptions, 'timeout' | 'run' | 'residentLimit'>,
  ) {
    const { pageSize } = inode.machine
    this.inode = inode
    this.#operations = operations
    this.#options = { timeout, run: { least: run.least / pageSize, most: run.most / pageSize } }
    this.#run = this.#options.run.least
    if (residentLimit !== Infinity) {
      this.#resident = new ResidentPages(residentLimit / pageSize, (page) => this.#drop(page))
    }
    inode.driver = this
  }

  /** The driver behind an inode, where it is a device's. */
  static of(inode: Inode | undefined): Driver | undefined {
    return inode?.driver instanceof Driver ? inode.driver : undefined
  }

  get operations(): FileOperations {
    return this.#operations
  }

  get statistics(): DeviceStatistics {
    return {
      ...this.#counts,
      waiting: this.#waiting.size,
      bytesResident: this.inode.pages.size * this.inode.machine.pageSize,
      latency: [...this.#latency],
    }
  }

  /** A page of the device that is in memory, for somebody who touches it. */
  cached(pgoff: number): Page | undefined {
    const page = this.inode.pages.get(pgoff)
    if (page === undefined) return undefined
    // Whoever made the hook be asked comes back for the page: that is one fault.
    if (!this.#owed.delete(pgoff)) this.#counts.faults++
    this.#resident?.touch(pgoff)
    return page
  }

  /** A touch met an error that the hook was not asked for. */
  refuse(): void {
    this.#counts.faults++
    this.#counts.failures++
  }

  /**
   * Asks the `fault` hook for the page `pgoff` of the device, and for pages behind it that are missing too: the more of them, the longer
   * the device was read from front to back.
   */
  fault(about: RequestedPage, pgoff: number): PageRequest {
    this.#counts.faults++
    const { least, most } = this.#options.run
    this.#run = pgoff === this.#next ? Math.min(2 * this.#run, most) : least
    const count = this.#missing(pgoff, this.#run)
    this.#next = pgoff + count
    return this.#fill(about, pgoff, count)
  }

  /** Asks the `fault` hook for the page `pgoff`, and for those behind it that are missing too, up to page `end`: nobody touched them. */
  prefetch(pgoff: number, end: number): PageRequest {
    const count = this.#missing(pgoff, Math.min(this.#options.run.most, end - pgoff))
    return this.#fill({ area: undefined, address: undefined, write: false }, pgoff, count)
  }

  /** Asks whether a page that is mapped may be written. `allow` is called when the hook has agreed. */
  makeWritable(ask: PageRequest, page: Page, hook: 'pageMkwrite' | 'pfnMkwrite', allow: () => void): void {
    this.#counts.faults++
    this.#waiting.add(ask)
    this.writes.set(page, ask)
    this.#call(
      ask,
      hook === 'pageMkwrite' ? 'page_mkwrite' : 'pfn_mkwrite',
      () => this.#operations[hook]!(ask),
      () => {
        allow()
        this.#finish(ask, undefined)
      },
    )
  }

  /** Forgets pages `[first, last)` and takes them from all who map them. What is being filled there is asked for again. */
  invalidate(first: number, last: number): void {
    unmapFilePages(this.inode, first, last, false)
    for (const pgoff of within(this.inode.pages, first, last)) this.#forget(pgoff)
    for (const pgoff of within(this.asks, first, last)) {
      const ask = this.asks.get(pgoff)!
      if (ask.ended) this.asks.delete(pgoff)
      else ask.stale = true
    }
  }

  /** Nothing is asked from now on: who waits is told `error`, and so is who comes. */
  end(error: VmError): void {
    this.ended = error
    this.#endAll(error, error)
    this.#begun?.()
  }

  /** Other hooks are about to take over: who waits, and who comes, waits for them. */
  suspend(): void {
    this.beginning ??= new Promise((resolve) => {
      this.#begun = () => {
        this.beginning = undefined
        this.#begun = undefined
        resolve(undefined)
      }
    })
    this.#endAll(undefined, new VmError('EIO', 'fault', { hint: 'the device is begun anew' }))
  }

  /** The other hooks are there. */
  replace(operations: FileOperations): void {
    this.#operations = operations
    this.#released = false
    this.ended = undefined
    this.generation++
    this.#begun?.()
  }

  /** `f_ops->release`, once. */
  async release(): Promise<void> {
    if (this.#released) return
    this.#released = true
    await this.#operations.close?.()
  }

  // ---- questions ----

  /** How many of the `most` pages from `pgoff` on are neither there nor asked for. */
  #missing(pgoff: number, most: number): number {
    const end = Math.min(pgoff + most, this.inode.length)
    let next = pgoff + 1
    while (next < end && !this.inode.pages.has(next) && !this.asks.has(next)) next++
    return next - pgoff
  }

  #fill(about: RequestedPage, pgoff: number, count: number): PageRequest {
    const { pageSize } = this.inode.machine
    const ask = new PageRequest(about, pgoff * pageSize, count * pageSize)
    this.#waiting.add(ask)
    for (const each of this.#pagesOf(ask)) this.asks.set(each, ask)
    this.#askToFill(ask)
    return ask
  }

  #askToFill(ask: PageRequest): void {
    this.#counts.fills++
    this.#call(
      ask,
      'fault',
      () => this.#operations.fault!(ask),
      (later) => this.#filled(ask, later),
    )
  }

  #filled(ask: PageRequest, later: boolean): void {
    // What a synchronous hook itself invalidates it is about to give.
    if (later && ask.stale) {
      ask.again()
      this.#askToFill(ask)
      return
    }
    this.#enter(ask)
    this.#finish(ask, undefined)
    // A page of the driver's own waits here for whoever touched it.
    if (ask.late && ask.page !== undefined && ask.area !== undefined) {
      this.asks.set(ask.offset / this.inode.machine.pageSize, ask)
    }
  }

  /** Calls a hook, which may answer at once or later, and no later than in time. */
  #call(ask: PageRequest, hook: string, call: () => void | Promise<void>, answered: (later: boolean) => void): void {
    let answer: void | Promise<void>
    try {
      answer = call()
    } catch (error) {
      this.#finish(ask, hookError(error, hook))
      return
    }
    if (!(answer instanceof Promise)) {
      answered(false)
      return
    }
    ask.late = true
    this.#limit(ask, hook)
    answer.then(
      () => {
        if (!ask.ended) answered(true)
      },
      (error: unknown) => this.#finish(ask, hookError(error, hook)),
    )
  }

  /** Ends a question that has no answer in time. */
  #limit(ask: PageRequest, hook: string): void {
    const { timeout } = this.#options
    if (timeout === Infinity || ask.timer !== undefined) return
    ask.timer = setTimeout(() => {
      this.#counts.timeouts++
      const late = new VmError('ETIMEDOUT', hook, { hint: `the driver has not answered within ${timeout} ms` })
      this.#finish(ask, late)
      ask.abandon(late)
    }, timeout)
  }

  #endAll(answer: VmError | undefined, reason: VmError): void {
    for (const ask of [...this.#waiting]) {
      this.#finish(ask, answer)
      ask.abandon(reason)
    }
    this.asks.clear()
  }

  #finish(ask: PageRequest, error: VmError | undefined): void {
    if (ask.ended) return
    this.#waiting.delete(ask)
    for (const pgoff of this.#pagesOf(ask)) if (this.asks.get(pgoff) === ask) this.asks.delete(pgoff)
    for (const [page, write] of this.writes) if (write === ask) this.writes.delete(page)
    const microseconds = ask.end(error) * 1000
    this.#latency[Math.min(Math.max(0, Math.floor(Math.log2(microseconds)) + 1), latencies - 1)]!++
    if (error !== undefined) this.#counts.failures++
  }

  // ---- pages ----

  /** Puts what the hook has given into the page cache. */
  #enter(ask: PageRequest): void {
    const { inode } = this
    const { pageSize } = inode.machine
    const { given } = ask
    if (ask.page !== undefined || ask.isThere?.()) return
    const pages = [...this.#pagesOf(ask)]
    for (const [index, pgoff] of pages.entries()) {
      const bytes = given?.subarray(index * pageSize, (index + 1) * pageSize)
      inode.pages.set(pgoff, new Page('file', pageSize, 1, bytes))
      // Who faulted takes the first of them at once.
      this.#resident?.enter(pgoff, index === 0)
    }
    if (ask.late && ask.area !== undefined) this.#owed.add(pages[0]!)
    this.#counts.bytesFilled += pages.length * pageSize
  }

  /** Has a page dropped to keep within the limit: it leaves the maps, and with `whole` memory as well. */
  #drop({ pgoff, whole }: { readonly pgoff: number; readonly whole: boolean }): void {
    unmapFilePages(this.inode, pgoff, pgoff + 1, false)
    if (!whole) return
    this.#forget(pgoff)
    this.#counts.bytesDropped += this.inode.machine.pageSize
  }

  #forget(pgoff: number): void {
    this.inode.pages.get(pgoff)!.references--
    this.inode.pages.delete(pgoff)
    this.#resident?.forget(pgoff)
    this.#owed.delete(pgoff)
  }

  *#pagesOf({ offset, length }: PageRequest): Generator<number> {
    const { pageSize } = this.inode.machine
    for (let at = offset; at < offset + length; at += pageSize) yield at / pageSize
  }
}

/** The keys of a map in `[first, last)`: by number where that is fewer. */
function* within(map: ReadonlyMap<number, unknown>, first: number, last: number): Generator<number> {
  if (last - first <= map.size) {
    for (let key = first; key < last; key++) if (map.has(key)) yield key
    return
  }
  for (const key of [...map.keys()]) if (key >= first && key < last) yield key
}
