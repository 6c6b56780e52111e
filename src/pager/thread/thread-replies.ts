import type { MessagePort } from 'node:worker_threads'
import { packError } from './pack-error.js'
import type { PagerMessage } from './pager-request.js'
import type { PagerState } from './pager-state.js'

/** The serving thread's end of the connection to the program. */
export class ThreadReplies {
  readonly #port: MessagePort
  readonly #state: PagerState

  constructor(port: MessagePort, state: PagerState) {
    this.#port = port
    this.#state = state
  }

  send(message: PagerMessage): void {
    this.#port.postMessage(message)
    this.#state.countAnswer()
  }

  refuse(id: number, error: unknown): void {
    this.send({ type: 'refusal', id, error: packError(error) })
  }

  /** Answers a request when the promise settles. */
  settle(id: number, promise: Promise<void>): void {
    promise.then(
      () => this.send({ type: 'answer', id }),
      (error) => this.refuse(id, error),
    )
  }

  /** Runs `serve`, which sets the thread up. On an error it reports the error to the program and ends the thread. */
  async begin(serve: () => Promise<void>): Promise<void> {
    try {
      await serve()
    } catch (error) {
      this.refuse(0, error)
      this.#port.close()
    }
  }
}
