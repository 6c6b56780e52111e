import { hookError } from '../kernel/errors/hook-error.js'
import type { RawWriteback } from '../kernel/raw-writeback.js'
import { UsageError } from '../vocabulary/usage-error.js'
import type { VmError } from '../vocabulary/vm-error.js'
import { answerTimeout } from './answer-timeout.js'
import type { RequestCounters } from './request-counters.js'
import { WriteBackCall } from './write-back-call.js'

/** The most calls of the hook that one flush has pending at once. */
const WIDTH = 8
/** The number of pending calls from which on evictions start no more. */
const MOST_CALLS = 32
/** How long a failed eviction is not tried again, in milliseconds: it doubles from the one to the other. */
const [SHORTEST, LONGEST] = [10, 1000]
/** The longest time of a timer, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1

/** The functions that write-backs use. Offsets and lengths are in bytes of the device, and lie on pages. */
export interface WriteBackHost {
  readonly pageSize: number
  /** The most bytes of one call. */
  readonly most: number
  /** The longest time of one call, in milliseconds. `Infinity` is no limit. */
  readonly timeout: number
  readonly counters: RequestCounters
  /** Calls the driver's `writeback` hook. */
  write(writeback: RawWriteback): void | PromiseLike<void>
  /** Write-protects pages in every map: the next write to one calls `mark`. */
  protect(offset: number, length: number): void
  /** A copy of pages that are in memory, without what lies past the end of the device: in `into`, where it has that length. */
  copy(offset: number, length: number, into?: Uint8Array): Uint8Array
  /** Notes, in memory that outlives the server, whether programs have written to pages since the driver got them. */
  note(offset: number, length: number, written: boolean): void
  /** A call has ended, or a failed one may be tried again: pages may be dropped now. Must not make requests before it returns. */
  ended(): void
}

/**
 * The pages of a device that programs have written to, and the calls that give them to the driver.
 *
 * The states of a page and their transitions:
 *
 *     clean ──first write──▶ written ──call──▶ being written back ──success──▶ clean
 *                               ▲                 │ first write: also written
 *                               └──error, timeout─┘
 *
 *  W1. A page that any map shows writable is written: `mark` comes before the page becomes writable.
 *  W2. A call gets a copy that is made after the pages were write-protected, so that later writes are not in it and mark the page again.
 *  W3. No two calls for one page are pending, also when one is late.
 *  W4. `note` holds for each page that is written or being written back, and for no other.
 */
export class WriteBacks {
  readonly #host: WriteBackHost
  /** Numbers of pages, the first written first. */
  readonly #written = new Set<number>()
  readonly #calls = new Map<number, WriteBackCall>()
  /** Copies of `most` bytes that no call uses. */
  readonly #buffers: Uint8Array[] = []
  #pending = 0
  #unwritten = 0
  /** The error of an eviction, until a flush reports it. */
  #unreported: VmError | undefined
  #lastFailure: VmError | undefined
  #pause = 0
  #pausedUntil = 0
  #stopped = false

  /** `written` has the pages that a previous server left. */
  constructor(host: WriteBackHost, written: Iterable<number> = []) {
    this.#host = host
    for (const page of written) this.#written.add(page)
    this.#count()
  }

  /** Why pages can't leave memory; `undefined` where the last call succeeded. */
  get failure(): VmError | undefined {
    return this.#lastFailure
  }

  /** Whether the page may be dropped. */
  isClean(page: number): boolean {
    return !this.#written.has(page) && !this.#calls.has(page)
  }

  /** Notes that the page at `offset`, which is in memory, is about to become writable. */
  mark(offset: number): void {
    const page = offset / this.#host.pageSize
    if (this.#written.has(page)) return
    const call = this.#calls.get(page)
    // A page that is being written back is noted already (W4).
    if (call === undefined || call.gone.has(page)) this.#host.note(offset, this.#host.pageSize, true)
    this.#written.add(page)
    if (call !== undefined) return
    this.#unwritten++
    this.#host.counters.setUnwritten(this.#unwritten * this.#host.pageSize)
  }

  /** Gives up what programs wrote to `[start, end)`: the pages are dropped. */
  forget(start: number, end: number): void {
    const { pageSize } = this.#host
    for (const page of this.#within(start, end)) {
      this.#written.delete(page)
      this.#calls.get(page)?.gone.add(page)
      this.#host.note(page * pageSize, pageSize, false)
    }
    this.#count()
  }

  /**
   * Starts to write pages back, so that they can be dropped. Returns whether some are clean when it returns. After a failure it does
   * nothing for a while, and calls `ended` then.
   */
  evict(pages: Iterable<number>): boolean {
    if (this.#stopped || performance.now() < this.#pausedUntil) return false
    let clean = false
    for (const run of this.#runs(pages)) {
      if (this.#pending >= MOST_CALLS) break
      const call = this.#begin(run, true)
      clean ||= call.state === 'over' && call.error === undefined
      if (call.error !== undefined) break
    }
    return clean
  }

  /**
   * Resolves when the driver has what programs had written to `[start, end)` before the call. Rejects with the error of the first page that
   * failed, once all were tried, or with that of an eviction before.
   */
  async flush(start: number, end: number): Promise<void> {
    const pages = this.#within(start, end)
    let first: VmError | undefined
    // A page with a pending call: what was written since then needs another one.
    for (const call of this.#callsFor(pages)) {
      await this.#outcome(call)
      if (call.state === 'late') first ??= call.error
    }
    const runs = this.#runs(pages)
    const work = async () => {
      for (let run = runs.next(); !run.done; run = runs.next()) {
        const error = await this.#outcome(this.#begin(run.value, false))
        first ??= error
      }
    }
    await Promise.all(Array.from({ length: WIDTH }, work))
    // Evictions may have begun calls meanwhile.
    for (const call of this.#callsFor(pages)) {
      const error = await this.#outcome(call)
      first ??= error
    }
    this.#report(first)
  }

  /** As `flush`, without waiting. Throws `ERR_VMAREA_WOULD_BLOCK` where the hook has not answered when it returns. */
  flushNow(start: number, end: number): void {
    const pages = this.#within(start, end)
    let first: VmError | undefined
    let waits = pages.some((page) => this.#calls.has(page))
    for (const run of this.#runs(pages)) {
      const call = this.#begin(run, false)
      waits ||= call.state === 'pending'
      first ??= call.error
    }
    if (waits) {
      throw new UsageError(
        'ERR_VMAREA_WOULD_BLOCK',
        "the driver's writeback hook answers later, and nothing could run while this call waits: use flush()",
      )
    }
    this.#report(first)
  }

  /** Starts no more calls to evict pages, and resolves when none is pending. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all([...new Set(this.#calls.values())].map((call) => this.#outcome(call)))
  }

  #callsFor(pages: readonly number[]): Set<WriteBackCall> {
    const calls = new Set<WriteBackCall>()
    for (const page of pages) {
      const call = this.#calls.get(page)
      if (call !== undefined) calls.add(call)
    }
    return calls
  }

  #report(error: VmError | undefined): void {
    const reported = error ?? this.#unreported
    this.#unreported = undefined
    if (reported !== undefined) throw reported
  }

  #outcome(call: WriteBackCall): VmError | undefined | Promise<VmError | undefined> {
    return call.state === 'pending' ? call.settled : call.error
  }

  #begin({ first, count }: Pick<WriteBackCall, 'first' | 'count'>, evicts: boolean): WriteBackCall {
    const { pageSize, most, timeout, protect, copy } = this.#host
    const call = new WriteBackCall(first, count, evicts)
    for (let page = first; page < first + count; page++) {
      this.#written.delete(page)
      this.#calls.set(page, call)
    }
    this.#pending++
    const [offset, length] = [first * pageSize, count * pageSize]
    let answer: void | PromiseLike<void>
    try {
      protect(offset, length) // Before the copy (W2).
      const bytes = copy(offset, length, length === most ? this.#buffers.pop() : undefined)
      call.bytes = bytes
      answer = this.#host.write({
        offset,
        bytes,
        get signal() {
          return call.signal
        },
      })
    } catch (error) {
      this.#end(call, hookError(error, 'writeback'))
      return call
    }
    if (answer === undefined || typeof answer !== 'object') {
      this.#end(call, undefined)
      return call
    }
    if (timeout !== Infinity) {
      call.timer = setTimeout(() => this.#late(call), Math.min(timeout, LONGEST_TIMER))
    }
    answer.then(
      () => this.#end(call, undefined),
      (error) => this.#end(call, hookError(error, 'writeback')),
    )
    return call
  }

  /** The pages stay written, and get no other call before the hook has answered (W3). */
  #late(call: WriteBackCall): void {
    const error = answerTimeout('writeback', this.#host.timeout)
    call.state = 'late'
    this.#failed(call, error)
    call.abort(error)
    call.settle(error)
    this.#count()
  }

  #end(call: WriteBackCall, error: VmError | undefined): void {
    const { pageSize, most, counters } = this.#host
    const late = call.state === 'late'
    // Memory that is used again costs no page faults and no garbage. A hook may have transferred it away.
    if (call.bytes?.length === most && this.#buffers.length < WIDTH) this.#buffers.push(call.bytes)
    clearTimeout(call.timer)
    call.state = 'over'
    this.#pending--
    for (let page = call.first; page < call.first + call.count; page++) this.#calls.delete(page)
    if (error !== undefined && !late) this.#failed(call, error)
    if (error === undefined) {
      this.#pause = 0
      this.#lastFailure = undefined
      counters.countWrittenBack(call.count * pageSize)
      for (let page = call.first, end = page + call.count; page < end; page++) {
        const from = page
        while (page < end && !this.#written.has(page)) page++
        if (page > from) this.#host.note(from * pageSize, (page - from) * pageSize, false)
      }
    }
    this.#count()
    call.settle(error)
    this.#host.ended()
  }

  #failed(call: WriteBackCall, error: VmError): void {
    call.error = error
    this.#lastFailure = error
    for (let page = call.first; page < call.first + call.count; page++) {
      if (!call.gone.has(page)) this.#written.add(page)
    }
    if (!call.evicts) return
    this.#unreported ??= error
    this.#pause = Math.min(LONGEST, Math.max(SHORTEST, 2 * this.#pause))
    this.#pausedUntil = performance.now() + this.#pause
    setTimeout(() => {
      this.#pausedUntil = 0
      this.#host.ended()
    }, this.#pause)
  }

  /** The pages of `[start, end)` that are written or being written back, in order. */
  #within(start: number, end: number): number[] {
    const { pageSize } = this.#host
    const [first, last] = [Math.floor(start / pageSize), Math.ceil(end / pageSize)]
    const found: number[] = []
    if (last - first < this.#written.size + this.#calls.size) {
      for (let page = first; page < last; page++) if (!this.isClean(page)) found.push(page)
      return found
    }
    for (const page of this.#written) if (page >= first && page < last) found.push(page)
    for (const page of this.#calls.keys())
      if (page >= first && page < last && !this.#written.has(page)) found.push(page)
    return found.sort((left, right) => left - right)
  }

  /** Runs of those pages that are written and have no call by the time that the run is taken. */
  *#runs(pages: Iterable<number>): Generator<{ readonly first: number; readonly count: number }> {
    const most = Math.max(1, Math.floor(this.#host.most / this.#host.pageSize))
    let [first, count] = [0, 0]
    const ordered = [...pages].sort((left, right) => left - right)
    for (let index = 0; index <= ordered.length; ) {
      const page = ordered[index]
      const ready = page !== undefined && this.#written.has(page) && !this.#calls.has(page)
      if (ready && count === 0) [first, count] = [page, 1]
      else if (ready && page === first + count && count < most) count++
      else if (count > 0) {
        yield { first, count }
        count = 0
        continue
      }
      index++
    }
  }

  #count(): void {
    let pages = this.#written.size
    for (const page of this.#calls.keys()) if (!this.#written.has(page)) pages++
    this.#unwritten = pages
    this.#host.counters.setUnwritten(pages * this.#host.pageSize)
  }
}
