import type { EvictionOrder } from '../../vocabulary/reports/eviction-order.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { monotonicTime } from './monotonic-time.js'
import { PagerConnection, type Question, type ThreadStart } from './pager-connection.js'
import type { PagerMessage, PagerRequest } from './pager-request.js'
import { PagerState } from './pager-state.js'
import type { ThreadProgram } from './thread-program.js'

/** The longest time of a timer, in milliseconds. */
const LONGEST = 2 ** 32 - 1

/** The time within which a working thread handles a message, in milliseconds. */
const AT_ONCE = 1000

export interface ServingThreadInit {
  readonly program: ThreadProgram
  /** How long a call waits for the thread, in milliseconds. */
  readonly deadline: number
  failure(message: Extract<PagerMessage, { type: 'failure' }>): void
  /** Swapped pages can't leave memory, or can again. */
  eviction?(error: Error | undefined): void
  /** Which pages of a device leave next. */
  order?(order: EvictionOrder | undefined): void
  /** The thread has ended by itself. */
  death(cause: Error): void
}

/** The thread that serves a device or a swap, on the program's side. When it has ended or hangs, another one may be started. */
export class ServingThread {
  readonly #init: ServingThreadInit
  #state = new PagerState()
  #connection: PagerConnection | undefined
  /** The connection of a thread that is being terminated: its earlier messages are still valid. */
  #ending: PagerConnection | undefined
  #size = 0
  #writesBack = false
  /** The error that ended it. */
  #cause: Error | undefined
  /** Whether a fault or a request found that the thread does not act, before its end was reported. */
  #unserved = false

  constructor(init: ServingThreadInit) {
    this.#init = init
  }

  get state(): PagerState {
    return this.#state
  }

  /** The size of the device in bytes, which the current driver declares. */
  get size(): number {
    return this.#size
  }

  /** Whether the current driver has a `writeback` hook. */
  get writesBack(): boolean {
    return this.#writesBack
  }

  get serves(): boolean {
    return !this.#unserved && this.#connection !== undefined && this.#connection.lives && !this.#hangs()
  }

  /** The error that ended the thread, if it has ended by itself. */
  get cause(): Error | undefined {
    return this.#cause
  }

  /** Why no thread serves. */
  get unservedError(): Error {
    return this.#cause ?? this.#unservedError('fault')
  }

  async start(data: Omit<ThreadStart, 'deadline'> & object, signal: AbortSignal | undefined): Promise<void> {
    const state = this.#state.forNextThread()
    const { program, deadline } = this.#init
    const events = {
      failure: (message: Extract<PagerMessage, { type: 'failure' }>) => this.#init.failure(message),
      eviction: (error: Error | undefined) => this.#init.eviction?.(error),
      order: (order: EvictionOrder | undefined) => this.#init.order?.(order),
      end: (cause: Error) => this.#ended(cause),
      silence: () => this.foundUnserved(),
    }
    this.#connection = await PagerConnection.start(program, { ...data, deadline }, state, events, signal)
    this.#state = state
    this.#size = this.#connection.size
    this.#writesBack = this.#connection.writesBack
    this.#unserved = false
    this.#cause = undefined
  }

  /** Notes that a fault or a request found no serving thread. */
  foundUnserved(): void {
    this.#unserved = true
  }

  /** Sends a request and resolves with the answer. Rejects with `EIO` where no thread serves, for the call with that name. */
  async ask(syscall: string, question: Question, signal?: AbortSignal): Promise<unknown> {
    return this.#serving(syscall).ask(question, signal)
  }

  /** Sends a request and blocks until the answer arrives. Throws as `ask` rejects. */
  askNow(syscall: string, question: Question): unknown {
    return this.#serving(syscall).askNow(question, this.#init.deadline)
  }

  tell(request: PagerRequest): void {
    this.#connection?.tell(request)
  }

  /** Receives the messages that the thread has sent so far, without the event loop. */
  drain(): void {
    this.#ending?.drain()
    this.#connection?.drain()
  }

  /** Lets the driver close if it can, and ends the thread. Errors of the hook are ignored. */
  async close(): Promise<void> {
    try {
      if (this.#connection?.lives && !this.#hangs()) {
        await this.#connection.ask({ type: 'close' }, AbortSignal.timeout(Math.min(this.#init.deadline, LONGEST)))
      }
    } catch {
      // It threw, or took too long, or the thread has ended meanwhile.
    }
    await this.#connection?.terminate()
  }

  /** The number of its guard source, or -1. */
  get sourceId(): number {
    return this.#connection?.sourceId ?? -1
  }

  /** Closes the driver before a restart: the waiters stay for the next thread. A thread in an endless loop is terminated at once. */
  async leave(): Promise<void> {
    try {
      if (this.serves && (await this.#connection!.turns(AT_ONCE))) {
        await this.#connection!.ask({ type: 'leave' }, AbortSignal.timeout(Math.min(this.#init.deadline, LONGEST)))
      }
    } catch {
      // As above.
    }
    await this.#terminate()
  }

  async #terminate(): Promise<void> {
    this.#ending = this.#connection
    this.#connection = undefined
    await this.#ending?.terminate()
    this.#ending = undefined
  }

  #serving(syscall: string): PagerConnection {
    if (this.serves) return this.#connection!
    throw this.#unservedError(syscall)
  }

  /** Whether a hook has been running for longer than the deadline. */
  #hangs(): boolean {
    const since = this.#state.busySince
    return since > 0 && monotonicTime() - since > this.#init.deadline
  }

  #ended(cause: Error): void {
    this.#cause = cause
    this.#init.death(cause)
  }

  #unservedError(syscall: string): VmError {
    const { owner, advice } = this.#init.program
    return new VmError('EIO', syscall, {
      hint: `${owner} thread has ended, or does nothing that is asked of it: ${advice}`,
      ...(this.#cause === undefined ? {} : { cause: this.#cause }),
    })
  }
}
