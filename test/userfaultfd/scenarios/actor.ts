import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { procText } from '#vmarea/linux/userfaultfd/proc-text.js'
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
    // `stack` is for root alone, and says it where `wchan` does not: before Linux 5.16.
    const text = (name: string) => procText(`/proc/self/task/${this.threadId}/${name}`)
    await until(
      () => `thread ${this.threadId} waits in ${where}, and not in ${text('wchan')}`,
      () => text('wchan') === where || text('stack').includes(where),
    )
  }

  end(): Promise<number> {
    return this.#worker.terminate()
  }
}
