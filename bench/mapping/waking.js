import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { mapMut, memfd } from 'vmarea'
import { compile } from '../support/compile.js'
import { compileAddon, compiledAddon } from '../support/compile-addon.js'
import { median, paired } from '../support/paired.js'

const file = (name) => fileURLToPath(new URL(name, import.meta.url))

const wakeUps = 2000
/** Microseconds before each, so that the waiter sleeps. */
const pause = 200

/**
 * The time from before a word is changed to after its waiter has come back, as the median: in `wait` and in `waitAsync`. Beside them what
 * the same loop takes with an addon that does nothing but futex(2), below which no `wait` of an addon can go, and with the engine's own.
 */
export async function run() {
  const inC = compile(file('wake-up.c'))
  const floor = () => inC(wakeUps, pause)[0]
  const { begin, answered } = compileAddon(file('loop-call.c'))
  const blocking = await paired(() => wakeUp('wait'), floor, 5)
  const bare = await paired(() => wakeUp('bare addon'), floor, 5)
  const engine = await paired(() => wakeUp('Atomics.wait'), floor, 5)
  const asynchronous = await paired(() => wakeUp('waitAsync'), floor, 5)
  const loop = await paired(() => loopCalls(begin, answered), floor, 5)
  const row = (work, { measured, floor, ratio }, target) => ({
    work,
    measured: `${(measured / 1000).toFixed(1)} us`,
    floor: `${(floor / 1000).toFixed(1)} us, futex(2) in C`,
    ratio,
    ...(target === undefined ? {} : { target }),
  })
  return [
    row('wake-up of a Worker in wait(), median', blocking, '<= 1.3'),
    row('wake-up of a Worker in an addon that only calls futex(2), median', bare),
    row("wake-up of a Worker in the engine's own Atomics.wait, median", engine),
    row('wake-up of a thread in await waitAsync(), median', asynchronous),
    row("a native thread's call of a function on Node's event loop, median", loop),
  ]
}

const words = { turn: 0, answered: 64, stamp: 128 }
const source = (wait, notify, open) => `
  import { parentPort, workerData } from 'node:worker_threads'
  ${open}
  const turn = new Int32Array(buffer)
  const stamp = new BigInt64Array(buffer, ${words.stamp})
  const samples = new Float64Array(${wakeUps})
  parentPort.postMessage('ready')
  for (let round = 0; round < ${wakeUps}; round++) {
    while (Atomics.load(turn, ${words.turn / 4}) === round) ${wait}
    samples[round] = Number(process.hrtime.bigint() - Atomics.load(stamp, 0))
    Atomics.store(turn, ${words.answered / 4}, round + 1)
    ${notify}
  }
  parentPort.postMessage(samples)`

const ofMapping = `import { mapMut } from ${JSON.stringify(import.meta.resolve('vmarea'))}
  const memory = mapMut({ file: workerData, shared: true })
  const { buffer } = memory.bytes`

const bareAddon = compiledAddon(file('bare-futex.c'))
const ofAddon = `const bare = { exports: {} }
  process.dlopen(bare, ${JSON.stringify(bareAddon)})`

/** By what a Worker waits and notifies: the code of both, and what opens the words. */
const programs = {
  wait: source(`memory.wait(${words.turn}, round)`, `memory.notify(${words.answered}, 1)`, ofMapping),
  waitAsync: source(`await memory.waitAsync(${words.turn}, round)`, `memory.notify(${words.answered}, 1)`, ofMapping),
  'bare addon': source(
    `bare.exports.wait(${words.turn / 4}, round)`,
    `bare.exports.wake(${words.answered / 4})`,
    `${ofAddon}
    const buffer = workerData`,
  ),
  'Atomics.wait': source(
    `Atomics.wait(turn, ${words.turn / 4}, round)`,
    `Atomics.notify(turn, ${words.answered / 4}, 1)`,
    'const buffer = workerData',
  ),
}

async function wakeUp(kind) {
  const memoryFile = memfd('wake-up', { size: 4096 })
  const memory = mapMut({ file: memoryFile, shared: true })
  const isOurs = kind.startsWith('wait')
  const buffer = isOurs ? memory.bytes.buffer : new SharedArrayBuffer(4096)
  const turn = new Int32Array(buffer)
  const stamp = new BigInt64Array(buffer, words.stamp)
  const bare = createRequire(import.meta.url)(bareAddon)
  bare.use(turn)
  const [notify, wait] = {
    wait: [() => memory.notify(words.turn, 1), (round) => memory.wait(words.answered, round)],
    'bare addon': [() => bare.wake(words.turn / 4), (round) => bare.wait(words.answered / 4, round)],
    'Atomics.wait': [
      () => Atomics.notify(turn, words.turn / 4, 1),
      (round) => Atomics.wait(turn, words.answered / 4, round),
    ],
  }[kind === 'waitAsync' ? 'wait' : kind]
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(programs[kind])}`), {
    workerData: isOurs ? memoryFile.fd : buffer,
  })
  const message = () => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  await message()
  const samples = message()
  const sleep = new Int32Array(new SharedArrayBuffer(4))
  for (let round = 0; round < wakeUps; round++) {
    Atomics.wait(sleep, 0, 0, pause / 1000)
    Atomics.store(stamp, 0, process.hrtime.bigint())
    Atomics.store(turn, words.turn / 4, round + 1)
    notify()
    while (Atomics.load(turn, words.answered / 4) === round) wait(round)
  }
  const result = median([...(await samples)])
  memory.unmap()
  memoryFile[Symbol.dispose]()
  return result
}

function loopCalls(begin, answered) {
  const samples = []
  return new Promise((resolve) => {
    begin(wakeUps, pause, (stamp) => {
      samples.push(Number(process.hrtime.bigint()) - stamp)
      answered()
      if (samples.length === wakeUps) resolve(median(samples))
    })
  })
}
