import { VmError } from '../../vocabulary/vm-error.js'
import { PagerConnection, type Question, type ThreadStart } from './pager-connection.js'
import type { PagerMessage, PagerRequest } from './pager-request.js'
import { PagerState } from './pager-state.js'
import type { ThreadProgram } from './thread-program.js'

/** The longest that a timer takes, in milliseconds. */
const LONGEST = 2 ** 32 - 1

/** In so many milliseconds a thread that works handles a message. */
const AT_ONCE = 1000

export interface ServingThreadInit {
  readonly program: ThreadProgram
  /** How long a call waits for the thread, in milliseconds. */
  readonly deadline: number
  failure(message: Extract<PagerMessage, { type: 'failure' }>): void
  /** Swapped pages can't leave memory, or can again. */
  eviction?(error: Error | undefined): void
  /** The thread has ended by itself. */
  death(cause: Error): void
}

/** The thread that serves a device or a swap, as the program knows it. When it has ended or hangs, another one may be started. */
export class ServingThread {
  readonly #init: ServingThreadInit
  #state = new PagerState()
  #connection: PagerConnection | undefined
  /** Of a thread that is being ended: what it said before still counts. */
  #ending: PagerConnection | undefined
  #size = 0
  /** What ended it. */
  #cause: Error | undefined
  /** A fault or a question found that the thread does not act, before its end was reported. */
  #unserved = false

  constructor(init: ServingThreadInit) {
    this.#init = init
  }

  get state(): PagerState {
    return this.#state
  }

  /** Bytes of the device, as the driver said last. */
  get size(): number {
    return this.#size
  }

  get serves(): boolean {
    return !this.#unserved && this.#connection !== undefined && this.#connection.lives && !this.#hangs()
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
      end: (cause: Error) => this.#ended(cause),
      silence: () => this.foundUnserved(),
    }
    this.#connection = await PagerConnection.start(program, { ...data, deadline }, state, events, signal)
    this.#state = state
    this.#size = this.#connection.size
    this.#unserved = false
    this.#cause = undefined
  }

  /** A fault or a question has found that no thread serves. */
  foundUnserved(): void {
    this.#unserved = true
  }

  /** Asks, and resolves with the answer. Rejects with `EIO` where no thread serves, for the call with that name. */
  async ask(syscall: string, question: Question, signal?: AbortSignal): Promise<unknown> {
    return this.#serving(syscall).ask(question, signal)
  }

  /** Asks, and waits for the answer. Throws likewise. */
  askNow(syscall: string, question: Question): unknown {
    return this.#serving(syscall).askNow(question, this.#init.deadline)
  }

  tell(request: PagerRequest): void {
    this.#connection?.tell(request)
  }

  /** Takes in what the thread has said so far, without the event loop. */
  drain(): void {
    this.#ending?.drain()
    this.#connection?.drain()
  }

  /** Lets the driver close, if it is able to, and ends the thread. What the hook throws is discarded. */
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

  /** The same before a restart: the waiters stay for the next thread. A thread that loops is terminated at once. */
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

  /** A hook has kept the thread for longer than the deadline. */
  #hangs(): boolean {
    const since = this.#state.busySince
    return since > 0 && Date.now() - since > this.#init.deadline
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
