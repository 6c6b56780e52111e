import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { until } from '../../support/until.js'
import type { Act } from './act.js'

/** A thread that can be told to do something to memory. */
export class Actor {
  readonly #worker: Worker
  readonly threadId: number

  private constructor(worker: Worker, threadId: number) {
    this.#worker = worker
    this.threadId = threadId
  }

  static async start(): Promise<Actor> {
    const worker = new Worker(new URL('./act.js', import.meta.url))
    const [threadId] = (await once(worker, 'message')) as [number]
    return new Actor(worker, threadId)
  }

  /** Resolves with what it answers. */
  async act(act: Act): Promise<unknown> {
    this.#worker.postMessage(act)
    const [answer] = (await once(this.#worker, 'message')) as [unknown]
    return answer
  }

  /** Until the thread waits in the kernel for somebody to read an event, or to answer a fault. */
  async waits(where: 'userfaultfd_event_wait_completion' | 'handle_userfault'): Promise<void> {
    const waitsIn = () => readFileSync(`/proc/self/task/${this.threadId}/wchan`, 'latin1')
    await until(
      () => `thread ${this.threadId} waits in ${where}, and not in ${waitsIn()}`,
      () => waitsIn() === where,
    )
  }

  end(): Promise<number> {
    return this.#worker.terminate()
  }
}
