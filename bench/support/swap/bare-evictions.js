import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** A Worker that keeps the floor's memory at `memory` in its budget, in place of a thread in C, until `close`. */
export async function bareEvictions(floor, { memory, pages, limit }) {
  const parts = new Float64Array(4)
  floor.forWorker(parts)
  const shared = new SharedArrayBuffer(16)
  const worker = new Worker(new URL('./evict-worker.js', import.meta.url), {
    execArgv: [], // not those of this process, which may be a program on the command line
    workerData: { parts, memory, pages, limit, shared },
  })
  await once(worker, 'message')
  return {
    evicted: () => new Float64Array(shared, 8, 1)[0],
    async close() {
      Atomics.store(new Int32Array(shared, 0, 1), 0, 1)
      await once(worker, 'exit')
    },
  }
}
