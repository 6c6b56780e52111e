import { existsSync } from 'node:fs'
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { VmError } from '../vocabulary/vm-error.js'
import type { PagerMessage, PagerRequest } from './pager-request.js'
import type { PagerState } from './pager-state.js'
import type { PagerThreadData } from './pager-thread-data.js'
import { unpackError } from './unpack-error.js'
import { workerArguments } from './worker-arguments.js'

/** How often a thread that waits looks whether the pager's still lives, in milliseconds. */
const LOOK = 20

type Distributed<T> = T extends unknown ? Omit<T, 'id'> : never
/** A request that is answered, before it has its number. */
export type Question = Distributed<Extract<PagerRequest, { id: number }>>

export interface PagerConnectionEvents {
  failure(message: Extract<PagerMessage, { type: 'failure' }>): void
  /** The thread has ended without having been asked to. */
  end(cause: Error): void
}

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** The program's end of the line to a pager's thread. */
export class PagerConnection {
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #state: PagerState
  readonly #events: PagerConnectionEvents
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  #threadId = 0
  #size = 0
  #cause: Error | undefined
  #ended = false
  #ending = false

  /** Starts a thread and waits until its driver is there. Rejects with what kept it from that. */
  static async start(
    data: Omit<PagerThreadData, 'port' | 'state'>,
    state: PagerState,
    events: PagerConnectionEvents,
    signal: AbortSignal | undefined,
  ): Promise<PagerConnection> {
    const connection = new PagerConnection(data, state, events)
    const abort = () => connection.#fail(0, signal!.reason)
    signal?.addEventListener('abort', abort)
    try {
      await connection.#expect(0)
    } catch (error) {
      await connection.terminate()
      throw error
    } finally {
      signal?.removeEventListener('abort', abort)
    }
    return connection
  }

  private constructor(data: Omit<PagerThreadData, 'port' | 'state'>, state: PagerState, events: PagerConnectionEvents) {
    const { port1, port2 } = new MessageChannel()
    this.#state = state
    this.#events = events
    this.#port = port1
    this.#worker = new Worker(new URL('./pager-thread.js', import.meta.url), {
      name: 'vmarea pager',
      workerData: { ...data, state: state.memory, port: port2 } satisfies PagerThreadData,
      transferList: [port2],
      execArgv: workerArguments(process.execArgv),
    })
    port1.on('message', (message: PagerMessage) => this.#receive(message))
    port1.unref()
    this.#worker.on('error', (error) => {
      this.#cause = error
    })
    this.#worker.on('exit', (code) => this.#exited(code))
    this.#worker.unref()
  }

  /** Bytes of the device, as its driver said. */
  get size(): number {
    return this.#size
  }

  /** The thread runs, as far as can be told without the event loop. */
  get lives(): boolean {
    return !this.#ended && (this.#threadId === 0 || existsSync(`/proc/self/task/${this.#threadId}`))
  }

  /** What ended the thread, once it has. */
  get cause(): Error {
    return this.#cause ?? new VmError('EIO', 'fault', { hint: "the driver's thread has ended" })
  }

  /** Says something that has no answer. */
  tell(request: PagerRequest): void {
    if (!this.#ended) this.#port.postMessage(request)
  }

  /** Asks, and resolves with the answer. */
  async ask(question: Question, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted()
    if (this.#ended) throw this.cause
    const id = ++this.#lastId
    const answer = this.#expect(id)
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
   * Asks, and stops the calling thread until the answer is there. Throws what the other side threw, what ended it, or `ETIMEDOUT` after
   * so many milliseconds.
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
      // Looked at first: what the thread said before it ended still counts.
      const lives = this.lives
      this.drain()
      if (outcome !== undefined) {
        this.#pending.delete(id)
        if ('error' in outcome) throw outcome.error
        return outcome.value
      }
      const left = until - performance.now()
      if (!lives || left <= 0) {
        this.#pending.delete(id)
        if (!lives) throw this.cause
        throw new VmError('ETIMEDOUT', question.type === 'map' ? 'mmap' : question.type, {
          hint: `the driver's thread did not answer within ${timeout} ms`,
        })
      }
      this.#state.waitForAnswer(seen, Math.min(left, LOOK))
    }
  }

  /** Takes in what the thread has said so far, without the event loop. */
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
      // Who waits for an answer keeps the process alive, and nothing else does.
      if (this.#pending.size === 0) this.#port.ref()
      if (id === 0) this.#worker.ref()
      this.#pending.set(id, { resolve, reject })
    })
  }

  #receive(message: PagerMessage): void {
    if (message.type === 'failure') {
      this.#events.failure(message)
    } else if (message.type === 'ready') {
      this.#threadId = message.threadId
      this.#size = message.size
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
    if (id === 0) this.#worker.unref()
    if (this.#pending.size === 0) this.#port.unref()
    settle(pending)
  }

  #exited(code: number): void {
    if (this.#ended) return
    this.drain()
    this.#ended = true
    const hint = `the driver's thread has ended${this.#ending ? '' : ` by itself, with code ${code}`}`
    this.#cause = new VmError('EIO', 'fault', { hint, ...(this.#cause === undefined ? {} : { cause: this.#cause }) })
    for (const id of [...this.#pending.keys()]) this.#fail(id, this.#cause)
    this.#port.close()
    if (!this.#ending) this.#events.end(this.#cause)
  }
}
