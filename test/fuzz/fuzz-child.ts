// One process of the fuzzer: fuzz-child.js SEED STEPS makes random calls on the main thread and on Workers that are terminated, and ends in a
// random way. The exit status is 0 after a right run, and 9 with a line on standard error after a wrong one.
import { writeSync } from 'node:fs'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { act } from './fuzz-calls.js'
import { checkError, FuzzState } from './fuzz-state.js'
import { Random } from './random.js'

process.removeAllListeners('warning')
const [seed, steps] = (isMainThread ? process.argv.slice(2).map(Number) : workerData) as [number, number]
const random = new Random(seed)
const state = new FuzzState(random)
const workers: Worker[] = []
if (isMainThread) process.on('unhandledRejection', rejected).on('uncaughtException', wrong)

void main()

// No await at the top: V8 of Node 20 ends the process where a Worker is terminated while it evaluates such a module.
async function main(): Promise<void> {
  try {
    for (let step = 0; step < steps; step++) {
      if (isMainThread && random.chance(0.004)) startWorker(step)
      else if (workers.length > 0 && random.chance(0.01))
        void workers.splice(random.below(workers.length), 1)[0]!.terminate()
      act(state)
      // A watching process takes a child that writes nothing for long as one that hangs.
      if (isMainThread && step % 16 === 0) writeSync(1, '.')
      if (step % 16 === 0) state.check()
      if (random.chance(0.02)) await turn()
      if (random.chance(0.005)) globalThis.gc?.()
    }
    state.check()
    if (isMainThread) await end()
  } catch (error) {
    wrong(error)
  }
}

async function end(): Promise<void> {
  writeSync(1, 'done')
  const way = random.below(4)
  if (way === 0) process.exit(0)
  await Promise.race([Promise.allSettled(state.pending), sleep(100)])
  if (way === 1) await Promise.all(workers.map((worker) => worker.terminate()))
  process.exitCode = 0
  if (way === 2) for (const worker of workers) worker.unref()
  process.exit()
}

function startWorker(step: number): void {
  if (workers.length === 2) return
  const data: [number, number] = [seed + step + 1, Math.ceil(steps / 4)]
  const worker = new Worker(new URL(import.meta.url), { workerData: data })
  worker.on('error', wrong).on('exit', (code) => {
    if (code !== 0 && code !== 1) wrong(new Error(`a Worker ended with ${code}`))
  })
  workers.push(worker)
}

// Where the stack was full, no handler could be attached to the promise of a call.
function rejected(error: unknown): void {
  try {
    checkError(error, state.last)
  } catch (unexpected) {
    wrong(unexpected)
  }
}

function wrong(error: unknown): void {
  console.error(`wrong: ${error instanceof Error ? error.stack : String(error)}`)
  process.exit(9)
}
