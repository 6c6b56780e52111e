import type { LinuxUserfaultfd } from '#vmarea/linux/userfaultfd/linux-userfaultfd.js'
import { FaultLoop } from '#vmarea/pager/source/fault-loop.js'
import { UserfaultfdQueue } from '#vmarea/pager/source/userfaultfd-queue.js'
import { Fetches } from '#vmarea/paging/fetches.js'
import { PageRequest } from '#vmarea/paging/page-request.js'
import type { PageRefusal } from '#vmarea/paging/page-waiter.js'
import { ReadAhead } from '#vmarea/paging/read-ahead.js'
import { RequestCounters } from '#vmarea/paging/request-counters.js'
import { RequestDispatcher } from '#vmarea/paging/request-dispatcher.js'
import type { UffdMessages } from '#vmarea/userfaultfd/uffd-messages.js'
import { UFFD_EVENT_CODE } from '#vmarea/vocabulary/uffd-event-code.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'

export interface PlainMemoryParts {
  /** A userfaultfd with `EVENT_REMOVE` and `POISON`, with which the memory is registered for missing pages. */
  readonly raw: LinuxUserfaultfd
  /** The first address of the memory, and its length in bytes. */
  readonly start: number
  readonly length: number
  readonly pageSize: number
  /** How long an access waits for `fill`, in milliseconds. */
  readonly timeout: number
  /** Bytes that one fault asks for: the least, and the most that sequential access makes of it. */
  readonly run: { readonly least: number; readonly most: number }
  /** Writes the content of the memory from `offset` on into `bytes`, now or later. What it throws fails the accesses. */
  fill(offset: number, bytes: Uint8Array): void | Promise<void>
}

/**
 * Serves plain private memory: no memory file, no device and no driver, but the same requests, time limit, read-ahead and fetches.
 *
 * It is what a store behind memory, or a guest's memory, stands on, and a measure of it: see `test/house/sizes.test.ts`.
 */
export class PlainMemory {
  readonly counters: RequestCounters = new RequestCounters()
  readonly #parts: PlainMemoryParts
  readonly #faults: UserfaultfdQueue
  readonly #requests: RequestDispatcher<PlainRequest>
  readonly #fetches: Fetches<PlainRequest>
  readonly #readAhead: ReadAhead
  readonly #loop: FaultLoop
  /** Offsets of pages that were installed and not removed. */
  readonly #present = new Set<number>()

  constructor(parts: PlainMemoryParts) {
    const { raw, pageSize, timeout, run } = parts
    this.#parts = parts
    const onEvent = (messages: UffdMessages, index: number) => this.#removed(messages, index)
    this.#faults = new UserfaultfdQueue({ raw, name: 'userfaultfd', pageSize, onEvent })
    this.#requests = new RequestDispatcher<PlainRequest>({
      pageSize,
      timeout,
      counters: this.counters,
      ask: ({ offset, bytes }) => parts.fill(offset, bytes),
      complete: (request) => this.#install(request),
      defer: setImmediate,
    })
    this.#fetches = new Fetches<PlainRequest>({
      pageSize,
      requests: this.#requests,
      most: run.most,
      nextPresent: (from, to) => this.#next(from, to, true),
      nextAbsent: (from, to) => this.#next(from, to, false),
      showEverywhere() {},
      requestFor: (offset, length) => new PlainRequest(offset, length, 'fill', false),
      defer: setImmediate,
    })
    this.#readAhead = new ReadAhead(run)
    const isWaiting = () => this.#requests.waits
    this.#loop = new FaultLoop(this.#faults, (index, now) => this.#serve(index, now), isWaiting)
    this.#loop.start()
  }

  /** Resolves when the pages of `[start, end)` are installed. */
  prefetch(start: number, end: number): Promise<void> {
    return this.#fetches.fetch({}, start, end)
  }

  /** Fails the accesses that wait. */
  close(): void {
    this.#loop.stop()
    const error = new VmError('ENODEV', 'fill')
    this.#fetches.close(error)
    this.#requests.close(error)
  }

  #serve(index: number, since: number): void {
    this.counters.countFault()
    const { start, length, pageSize } = this.#parts
    const address = this.#faults.address(index)
    const offset = address - start
    if (this.#present.has(offset)) {
      this.#faults.wake(address, pageSize)
      return
    }
    const settle = (refusal?: PageRefusal): void => {
      if (refusal?.mayRetry) this.#ask(offset, offset + pageSize, waiter)
      else if (refusal !== undefined) this.#faults.fail(address, pageSize)
    }
    const waiter = { offset, since, isAccess: true, settle }
    const asked = this.#readAhead.lengthAt(offset)
    const end = this.#next(offset, Math.min(offset + asked, length), true)
    this.#readAhead.began(offset, asked, end - offset)
    this.#ask(offset, end, waiter)
  }

  #ask(offset: number, end: number, waiter: PlainRequest['waiters'][number]): void {
    const requests = this.#requests
    const pending = requests.joinable(offset)
    const until = requests.pending.clip(offset, end)
    if (pending !== undefined) requests.join(pending, waiter)
    else requests.request(new PlainRequest(offset, until - offset, 'fill', false), waiter)
  }

  /** `-EAGAIN` and `-EEXIST`: the layout changes, or a page is there. The waiters fault again. */
  #install({ offset, length, bytes }: PlainRequest): void {
    const { raw, start, pageSize } = this.#parts
    this.counters.countFilled(length)
    if (raw.copy(start + offset, bytes, length, 0) !== 0) raw.wake(start + offset, length)
    for (let at = offset; at < offset + raw.done; at += pageSize) this.#present.add(at)
  }

  #removed(messages: UffdMessages, index: number): void {
    if (messages.code(index) !== UFFD_EVENT_CODE.REMOVE) return
    const { start, pageSize } = this.#parts
    const [from, to] = [messages.start(index) - start, messages.end(index) - start]
    this.#requests.invalidate(from, to)
    for (let at = from; at < to; at += pageSize) this.#present.delete(at)
  }

  #next(from: number, to: number, present: boolean): number {
    let at = from
    while (at < to && this.#present.has(at) !== present) at += this.#parts.pageSize
    return Math.min(at, to)
  }
}

class PlainRequest extends PageRequest {
  protected copy(): this {
    return new PlainRequest(this.offset, this.length, this.call, false) as this
  }

  protected openBytes(): Uint8Array {
    return new Uint8Array(this.length)
  }

  protected closeBytes(): void {}
}
