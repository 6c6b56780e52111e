import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/**
 * What the Worker does: the first word of `control`. The second one is the CPU on which it runs, the third whether pages come from staging, and
 * else from the file.
 */
const [IDLE, SERVING, STOPPING, ENDING] = [0, 1, 2, 3]

/** A Worker that answers the faults of the floor's memory between `start` and `stop`, in place of its thread in C. */
export async function bareServer(floor, { file, start }) {
  const control = new Int32Array(new SharedArrayBuffer(12))
  const worker = new Worker(new URL('./serve-worker.js', import.meta.url), {
    execArgv: [], // not those of this process, which may be a program on the command line
    workerData: { descriptor: floor.descriptor(), control, floor: floor.path, file, start, staging: floor.staging() },
  })
  await once(worker, 'message')
  const become = (state) => {
    Atomics.store(control, 0, state)
    Atomics.notify(control, 0)
  }
  return {
    start(cpu, fromStaging) {
      control[1] = cpu
      control[2] = Number(fromStaging)
      become(SERVING)
    },
    stop() {
      become(STOPPING)
      while (Atomics.load(control, 0) !== IDLE) Atomics.wait(control, 0, STOPPING, 100)
    },
    async close() {
      become(ENDING)
      await once(worker, 'exit')
    },
  }
}
