import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { mapMut, memfd } from 'vmarea'
import { compile } from '../support/compile.js'
import { median, paired } from '../support/paired.js'

const file = (name) => fileURLToPath(new URL(name, import.meta.url))

const wakeUps = 2000
/** Microseconds before each, so that the waiter sleeps. */
const pause = 200

/** The time in which a thread returns from `wait`, beside a futex in C; and the records of 64 bytes a second through shared memory. */
export async function run() {
  const inC = compile(file('wake-up.c'))
  const wakeUp = await paired(medianOfWakeUps, () => inC(wakeUps, pause)[0], 5)
  return [
    {
      work: 'wake-up of a Worker in wait(), median',
      measured: `${(wakeUp.measured / 1000).toFixed(1)} us`,
      floor: `${(wakeUp.floor / 1000).toFixed(1)} us, futex(2) in C`,
      ratio: wakeUp.ratio,
      target: '<= 1.3',
    },
    ...sharedLog(),
  ]
}

/** The example itself, with the time that its sides take to start. */
function sharedLog() {
  const rounds = [1, 2, 3].map(() => {
    const text = execFileSync(process.execPath, [file('../../examples/shared-log.mjs'), '5000000'], {
      encoding: 'utf8',
    })
    return [...text.matchAll(/records between two (\w+).*: (\d+) a second/g)]
  })
  return rounds[0].map(([, between], index) => ({
    work: `shared log of 64-byte records between two ${between}`,
    measured: `${(median(rounds.map((round) => Number(round[index][2]))) / 1e6).toFixed(2)} million/s`,
    target: '>= 1 million/s',
  }))
}

const words = { turn: 0, answered: 64, stamp: 128 }

async function medianOfWakeUps() {
  const memoryFile = memfd('wake-up', { size: 4096 })
  const memory = mapMut({ file: memoryFile, shared: true })
  const turn = new Int32Array(memory.bytes.buffer)
  const stamp = new BigInt64Array(memory.bytes.buffer, words.stamp)
  const source = `
    import { parentPort } from 'node:worker_threads'
    import { mapMut } from ${JSON.stringify(import.meta.resolve('vmarea'))}
    const memory = mapMut({ file: ${memoryFile.fd}, shared: true })
    const turn = new Int32Array(memory.bytes.buffer)
    const stamp = new BigInt64Array(memory.bytes.buffer, ${words.stamp})
    const samples = new Float64Array(${wakeUps})
    for (let round = 0; round < ${wakeUps}; round++) {
      while (Atomics.load(turn, ${words.turn / 4}) === round) memory.wait(${words.turn}, round)
      samples[round] = Number(process.hrtime.bigint() - Atomics.load(stamp, 0))
      Atomics.store(turn, ${words.answered / 4}, round + 1)
      memory.notify(${words.answered}, 1)
    }
    parentPort.postMessage(samples)`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`))
  const samples = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  await new Promise((resolve) => worker.once('online', resolve))
  const sleep = new Int32Array(new SharedArrayBuffer(4))
  for (let round = 0; round < wakeUps; round++) {
    Atomics.wait(sleep, 0, 0, pause / 1000)
    Atomics.store(stamp, 0, process.hrtime.bigint())
    Atomics.store(turn, words.turn / 4, round + 1)
    memory.notify(words.turn, 1)
    while (Atomics.load(turn, words.answered / 4) === round) memory.wait(words.answered, round)
  }
  const result = median([...(await samples)])
  memory.unmap()
  memoryFile[Symbol.dispose]()
  return result
}
