import { createRequire, syncBuiltinESMExports } from 'node:module'
import type * as Threads from 'node:worker_threads'

/** The threads that this process has started since this module was loaded, in their order: a test ends them. */
export const startedThreads: Threads.Worker[] = []

const threads = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof Threads.Worker }
threads.Worker = class extends threads.Worker {
  constructor(...init: ConstructorParameters<typeof Threads.Worker>) {
    super(...init)
    startedThreads.push(this)
  }
}
syncBuiltinESMExports()
