import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { threadLives } from '../../linux/proc/thread-lives.js'
import { ensureStack } from '../../vocabulary/errors/ensure-stack.js'
import type { EvictionOrder } from '../../vocabulary/reports/eviction-order.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { PagerMessage, PagerRequest } from './pager-request.js'
import type { PagerState } from './pager-state.js'
import { runDelay } from './run-delay.js'
import type { ServingThreadData } from './serving-thread-data.js'
import type { ThreadProgram } from './thread-program.js'
import { unpackError } from './unpack-error.js'
import { watchOpening } from './watch-opening.js'
import { workerArguments } from './worker-arguments.js'

/** How often a waiting thread checks whether the pager's thread is alive, in milliseconds. */
const LOOK = 20
/** The number of checks in a deadline: a thread that sends nothing in all of them counts as silent. */
const SILENT_LOOKS = 5
const LOOKS = 4
/** Milliseconds. */
const SHORTEST_LOOK = 10
const LONGEST_LOOK = 2 ** 31 - 1

type Distributed<T> = T extends unknown ? Omit<T, 'id'> : never
/** A request that is answered, before it has its number. */
export type Question = Distributed<Extract<PagerRequest, { id: number }>>

/** The start data of a thread, without the ends of the connection. */
export type ThreadStart = Omit<ServingThreadData, 'port' | 'state'>

export interface PagerConnectionEvents {
  failure(message: Extract<PagerMessage, { type: 'failure' }>): void
  /** Swapped pages can't leave memory, or can again. */
  eviction?(error: Error | undefined): void
  /** Which pages of a device leave next. */
  order?(order: EvictionOrder | undefined): void
  /** The thread has ended unexpectedly. */
  end(cause: Error): void
  /** The thread has sent nothing for longer than its deadline. */
  silence(): void
}

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** The program's end of the connection to a pager's thread. */
export class PagerConnection {
  readonly #program: ThreadProgram
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #state: PagerState
  readonly #events: PagerConnectionEvents
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  #threadId = 0
  #size = 0
  #sourceId = -1
  #writesBack = false
  /** The uncaught error of the thread. */
  #uncaught: Error | undefined
  #cause: VmError | undefined
  readonly #deadline: number
  #watch: NodeJS.Timeout | undefined
  #silentLooks = 0
  #ponged: ((turns: boolean) => void) | undefined
  #ended = false
  #ending = false

  /**
   * Starts a thread and waits until its driver is set up. Rejects with the error that prevents it, `ETIMEDOUT` where the thread sends
   * nothing.
   */
  static async start(
    program: ThreadProgram,
    data: ThreadStart,
    state: PagerState,
    events: PagerConnectionEvents,
    signal: AbortSignal | undefined,
  ): Promise<PagerConnection> {
    const connection = new PagerConnection(program, data, state, events)
    const abort = () => connection.#fail(0, signal!.reason)
    signal?.addEventListener('abort', abort)
    const unwatch = watchOpening(program, state, data.deadline, (error) => connection.#fail(0, error))
    try {
      await connection.#expect(0)
    } catch (error) {
      await connection.terminate()
      throw error
    } finally {
      unwatch()
      signal?.removeEventListener('abort', abort)
    }
    return connection
  }

  private constructor(program: ThreadProgram, data: ThreadStart, state: PagerState, events: PagerConnectionEvents) {
    ensureStack(100)
    this.#program = program
    const { port1, port2 } = new MessageChannel()
    this.#state = state
    this.#deadline = data.deadline
    this.#events = events
    this.#port = port1
    this.#worker = new Worker(program.entry(), {
      name: program.name,
      workerData: { ...data, state: state.memory, port: port2 } satisfies ServingThreadData,
      transferList: [port2],
      execArgv: workerArguments(process.execArgv),
    })
    port1.on('message', (message: PagerMessage) => this.#receive(message))
    port1.unref()
    this.#worker.on('error', (error) => {
      this.#uncaught = error
    })
    this.#worker.on('exit', (code) => this.#exited(code))
    this.#worker.unref()
  }

  /** The size of the device in bytes, which its driver declares. */
  get size(): number {
    return this.#size
  }

  /** The number of its guard source, or -1. */
  get sourceId(): number {
    return this.#sourceId
  }

  /** Whether the driver of a device has a `writeback` hook. */
  get writesBack(): boolean {
    return this.#writesBack
  }

  /** Whether the thread runs, by what is known without the event loop. */
  get lives(): boolean {
    return !this.#ended && (this.#threadId === 0 || threadLives(this.#threadId))
  }

  /** The error that ended the thread. */
  get cause(): Error {
    return this.#cause ?? this.#endedError('')
  }

  /** Sends a message without an answer. */
  tell(request: PagerRequest): void {
    if (!this.#ended) this.#port.postMessage(request)
  }

  /** Whether the thread handles a message within that many milliseconds of time in which a processor was free for it. */
  async turns(milliseconds: number): Promise<boolean> {
    if (!this.lives) return false
    const waited = () => performance.now() - runDelay(this.#threadId)
    const until = waited() + milliseconds
    let look: NodeJS.Timeout | undefined
    const turns = await new Promise<boolean>((resolve) => {
      this.#ponged = resolve
      look = setInterval(() => {
        this.drain() // This thread may have been the late one.
        if (waited() >= until) resolve(false)
      }, LOOK)
      this.tell({ type: 'ping' })
    })
    clearInterval(look)
    return turns
  }

  /** Sends a request and resolves with the answer. */
  async ask(question: Question, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted()
    if (this.#ended) throw this.cause
    const id = ++this.#lastId
    const answer = this.#expect(id)
    this.#watchOver()
    const abort = () => {
      this.tell({ type: 'cancel', id })
      this.#fail(id, signal!.reason)
    }
    signal?.addEventListener('abort', abort)
    this.tell({ ...question, id } as PagerRequest)
    try {
      return await answer
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /**
   * Sends a request and blocks the calling thread until the answer arrives. Throws the error of the other side, the error that ended it,
   * or `ETIMEDOUT` after `timeout` milliseconds.
   */
  askNow(question: Question, timeout: number): unknown {
    const id = ++this.#lastId
    let outcome: { value: unknown } | { error: unknown } | undefined
    this.#pending.set(id, {
      resolve: (value) => {
        outcome = { value }
      },
      reject: (error) => {
        outcome = { error }
      },
    })
    this.tell({ ...question, id } as PagerRequest)
    const until = performance.now() + timeout
    for (;;) {
      const seen = this.#state.answers
      // Read messages first: those that the thread sent before it ended are valid.
      const lives = this.lives
      this.drain()
      if (outcome !== undefined) {
        if ('error' in outcome) throw outcome.error
        return outcome.value
      }
      const left = until - performance.now()
      if (!lives || left <= 0) {
        this.#settle(id, () => {})
        if (!lives) throw this.cause
        throw new VmError('ETIMEDOUT', question.type === 'map' ? 'mmap' : question.type, {
          hint: `${this.#program.owner} thread did not answer within ${timeout} ms`,
        })
      }
      this.#state.waitForAnswer(seen, Math.min(left, LOOK))
    }
  }

  /** Receives the messages that the thread has sent so far, without the event loop. */
  drain(): void {
    for (let next = receiveMessageOnPort(this.#port); next !== undefined; next = receiveMessageOnPort(this.#port)) {
      this.#receive(next.message as PagerMessage)
    }
  }

  /** Ends the thread. Resolves when it has ended. */
  async terminate(): Promise<void> {
    this.#ending = true
    if (this.#ended) return
    await this.#worker.terminate()
    this.#exited(0)
  }

  #expect(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      // Keep the process alive only while a call waits for an answer.
      this.#port.ref()
      this.#worker.ref()
      this.#pending.set(id, { resolve, reject })
    })
  }

  #receive(message: PagerMessage): void {
    this.#silentLooks = 0
    if (message.type === 'pong') {
      this.#ponged?.(true)
      return
    }
    if (message.type === 'eviction') {
      this.#events.eviction?.(message.error === undefined ? undefined : (unpackError(message.error) as Error))
    } else if (message.type === 'order') {
      this.#events.order?.(message.order)
    } else if (message.type === 'failure') {
      this.#events.failure(message)
    } else if (message.type === 'ready') {
      this.#threadId = message.threadId
      this.#size = message.size
      this.#sourceId = message.sourceId
      this.#writesBack = message.writesBack ?? false
      this.#settle(0, (pending) => pending.resolve(undefined))
    } else if (message.type === 'answer') {
      this.#settle(message.id, (pending) => pending.resolve(message.value))
    } else {
      this.#fail(message.id, unpackError(message.error))
    }
  }

  #fail(id: number, error: unknown): void {
    this.#settle(id, (pending) => pending.reject(error))
  }

  #settle(id: number, settle: (pending: Pending) => void): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    this.#pending.delete(id)
    // An answer may arrive while the thread is being terminated. A call that waits for the termination keeps the process alive too.
    if (this.#pending.size === 0 && !this.#ending) {
      this.#port.unref()
      this.#worker.unref()
    }
    settle(pending)
  }

  #exited(code: number): void {
    if (this.#ended) return
    this.drain()
    this.#ended = true
    clearInterval(this.#watch)
    this.#ponged?.(false)
    this.#cause = this.#endedError(this.#ending ? '' : ` by itself, with code ${code}`)
    for (const id of [...this.#pending.keys()]) this.#fail(id, this.#cause)
    this.#port.close()
    if (!this.#ending) this.#events.end(this.#cause)
  }

  #endedError(how: string): VmError {
    const hint = `${this.#program.owner} thread has ended${how}`
    return new VmError('EIO', 'fault', { hint, ...(this.#uncaught === undefined ? {} : { cause: this.#uncaught }) })
  }

  // Counts checks instead of time, so that a process that was stopped does not blame the thread.
  #watchOver(): void {
    if (this.#watch !== undefined || this.#deadline === Infinity) return
    this.#silentLooks = 0
    const pause = Math.min(Math.max(this.#deadline / LOOKS, SHORTEST_LOOK), LONGEST_LOOK)
    this.#watch = setInterval(() => {
      if (this.#pending.size > 0 && ++this.#silentLooks < SILENT_LOOKS) {
        this.tell({ type: 'ping' })
        return
      }
      clearInterval(this.#watch)
      this.#watch = undefined
      if (this.#pending.size === 0) return
      this.#events.silence()
      const error = new VmError('EIO', 'fault', {
        hint: `${this.#program.owner} thread does nothing that is asked of it`,
      })
      for (const id of [...this.#pending.keys()]) this.#fail(id, error)
    }, pause)
    this.#watch.unref()
  }
}
