import type { RawUserfaultfd } from '../kernel/raw-userfaultfd.js'
import { ERRNO_RESULT } from '../vocabulary/errno-result.js'
import { VmError } from '../vocabulary/vm-error.js'
import type { PagefaultEvent, UffdEvent } from './uffd-event.js'
import { UffdMessages } from './uffd-messages.js'

const { EAGAIN } = ERRNO_RESULT
const SHORTEST_PAUSE = 1
const LONGEST_PAUSE = 20
const MOST_GIVEN = 4096

/**
 * The events of a userfaultfd in the order in which they must be applied.
 *
 * The kernel returns faults before events; a server that answers a fault before it applies an earlier event fills a page with stale
 * bytes, or gets `EAGAIN`. So all queued messages are read first, and layout events are yielded before faults. A fault whose answer got
 * `EAGAIN` is yielded again: after the next layout event, or after a while, because the kernel may return `EAGAIN` even after the last
 * event was read.
 */
export class EventQueue {
  readonly #raw: RawUserfaultfd
  readonly #pageSize: bigint
  readonly #decode: (messages: UffdMessages, index: number) => UffdEvent
  readonly #messages = new UffdMessages(64)
  readonly #layout: UffdEvent[] = []
  readonly #faults: PagefaultEvent[] = []
  // Faults that the iterator has yielded and that were not answered through this object.
  readonly #given = new Set<PagefaultEvent>()
  readonly #parked = new Set<PagefaultEvent>()
  #pause = SHORTEST_PAUSE
  #retryAt = 0
  #nudge: (() => void) | undefined

  constructor(raw: RawUserfaultfd, pageSize: number, decode: (messages: UffdMessages, index: number) => UffdEvent) {
    this.#raw = raw
    this.#pageSize = BigInt(pageSize)
    this.#decode = decode
  }

  /** Whether a message was read from the descriptor and not yielded yet. */
  get waiting(): boolean {
    return this.#layout.length > 0 || this.#faults.length > 0
  }

  /** The next event that was read and not yielded. */
  take(): UffdEvent | undefined {
    return this.#layout.shift() ?? this.#faults.shift()
  }

  /** Removes the faults of an answered range. */
  answered(start: bigint, length: number): void {
    for (const fault of this.#given) if (within(fault, start, length)) this.#given.delete(fault)
    for (const fault of this.#parked) if (within(fault, start, length)) this.#parked.delete(fault)
  }

  /** Whether `answered` would remove any fault. */
  get expectsAnswers(): boolean {
    return this.#given.size > 0 || this.#parked.size > 0
  }

  /** Notes that the answer got `EAGAIN`: yields the faults again. */
  park(start: bigint, length: number): void {
    for (const fault of this.#given) {
      if (!within(fault, start, length)) continue
      this.#given.delete(fault)
      if (this.#parked.size === 0) this.#retryAt = performance.now() + this.#pause
      this.#parked.add(fault)
    }
    this.#nudge?.()
  }

  async *events(signal: AbortSignal | undefined): AsyncGenerator<UffdEvent, void, void> {
    try {
      while (this.#raw.descriptor !== -1) {
        signal?.throwIfAborted()
        this.#drain()
        this.#retryParked()
        const layout = this.#layout.shift()
        if (layout !== undefined) {
          yield layout
          continue
        }
        const fault = this.#faults.shift()
        if (fault === undefined) {
          await this.#idle(signal)
          continue
        }
        if (this.#given.size === MOST_GIVEN) this.#given.delete(this.#given.values().next().value!)
        this.#given.add(fault)
        yield fault
      }
    } finally {
      // The next loop yields them again.
      this.#faults.unshift(...this.#parked)
      this.#parked.clear()
    }
  }

  /** Reads all queued messages. */
  #drain(): void {
    for (;;) {
      const length = this.#raw.read(this.#messages.bytes)
      if (length === EAGAIN) return
      if (length < 0) throw new VmError(length, 'read', { hint: 'the userfaultfd can not be read' })
      const count = length / 32
      for (let index = 0; index < count; index++) this.#sort(this.#decode(this.#messages, index))
      if (count < this.#messages.capacity) return
    }
  }

  #sort(event: UffdEvent): void {
    if (event.kind !== 'pagefault') {
      this.#layout.push(event)
      if (event.kind === 'unmap') this.#drop(event.start, Number(event.end - event.start))
      if (event.kind === 'remap') this.#drop(event.from, event.length)
      return
    }
    const page = event.address / this.#pageSize
    // One answer wakes all waiters of the page.
    const known = this.#faults.some((other) => other.address / this.#pageSize === page && other.fault === event.fault)
    if (!known) this.#faults.push(event)
  }

  /** The range was moved or unmapped. Wakes its waiters, which the kernel does not do: they fault again. */
  #drop(start: bigint, length: number): void {
    this.answered(start, length)
    for (let index = this.#faults.length - 1; index >= 0; index--) {
      if (within(this.#faults[index]!, start, length)) this.#faults.splice(index, 1)
    }
    this.#raw.wake(start, length)
  }

  #retryParked(): void {
    if (this.#parked.size === 0) {
      this.#pause = SHORTEST_PAUSE
    } else if (this.#layout.length > 0 || performance.now() >= this.#retryAt) {
      this.#faults.push(...this.#parked)
      this.#parked.clear()
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE)
    }
  }

  async #idle(signal: AbortSignal | undefined): Promise<void> {
    const wake = new AbortController()
    const abort = () => wake.abort()
    const timer =
      this.#parked.size > 0 ? setTimeout(abort, Math.max(0, this.#retryAt - performance.now()) + 0.1) : undefined
    this.#nudge = abort
    signal?.addEventListener('abort', abort)
    try {
      await this.#raw.readable(wake.signal)
    } finally {
      this.#nudge = undefined
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }
}

function within(fault: PagefaultEvent, start: bigint, length: number): boolean {
  return fault.address >= start && fault.address < start + BigInt(length)
}
