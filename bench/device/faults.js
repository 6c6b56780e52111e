// A device served by TypeScript beside the same served by a C thread: one fault, a long read, many at once, and pages in memory.
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { openDevice } from '../../dist/index.js'
import { thisProcess } from '../../dist/this-process.js'
import { bindUserfaultfd } from '../../dist/userfaultfd/bind-userfaultfd.js'
import { MADV } from '../../dist/vocabulary/madv.js'
import { MAP } from '../../dist/vocabulary/map.js'
import { loadFloor } from '../support/load-floor.js'
import { median, paired } from '../support/paired.js'

const PAGE = 4096
const PAGES = 500
const ROUNDS = Number(process.env.VMAREA_BENCH_ROUNDS ?? 30)
const GIB = 2 ** 30
const RUN = 64 * 1024
const DRIVER = new URL('../support/device/memory-driver.js', import.meta.url)

/** With two CPUs, each fault wakes the other CPU, or the threads take turns on one. The scheduler chooses, so both are measured. */
export async function run() {
  const floor = loadFloor(new URL('../support/device/floor.c', import.meta.url))
  const cpus = availableParallelism() > 1 ? [0, 1] : [0]
  const rows = []
  for (const cpu of cpus) rows.push(...(await oneFault(floor, cpu)))
  rows.push(await sequential(floor), await together(), await whatIsThere())
  return rows
}

async function oneFault(floor, cpu) {
  const device = await openDevice(DRIVER, {
    driver: { size: PAGES * PAGE, floor: floor.path, cpu },
    run: PAGE,
  })
  const memory = device.map({ shared: true })
  floor.pin(0)
  const times = new Float64Array(PAGES)
  const ours = async () => {
    floor.touch(Number(memory.start), PAGES, times)
    await device.invalidate()
    return times
  }
  const theirs = () => {
    const start = floor.open(PAGES * PAGE, PAGE, cpu)
    floor.touch(start, PAGES, times)
    floor.close()
    return times
  }
  const bare = await bareWorker(floor, cpu, false)
  const accounting = await bareWorker(floor, cpu, true)
  for (let warm = 0; warm < 12; warm++) {
    await ours()
    theirs()
    bare.touch(times)
    accounting.touch(times)
  }
  const samples = [[], [], [], []]
  for (let round = 0; round < ROUNDS; round++) {
    samples[0].push(...(await ours()))
    samples[1].push(...theirs())
    samples[2].push(...bare.touch(times))
    samples[3].push(...accounting.touch(times))
  }
  memory.unmap()
  await device.close()
  await bare.close()
  await accounting.close()
  const [mine, c, worker, accounts] = samples.map((all) => all.sort((a, b) => a - b))
  const at = (all, share) => all[Math.floor(all.length * share)] / 1000
  const where = cpu === 0 ? 'on the same CPU' : 'on another CPU'
  return [
    row(`one fault, driver ${where}, p50 (µs)`, at(mine, 0.5), at(c, 0.5), '<= 1.1'),
    row(`one fault, driver ${where}, p99 (µs)`, at(mine, 0.99), at(c, 0.99), '<= 3'),
    row(`the driver alone in a Worker, without a device, ${where}, p50 (µs)`, at(worker, 0.5), at(c, 0.5), 'none'),
    row(
      `that Worker with one request a page, times and counters, ${where}, p50 (µs)`,
      at(accounts, 0.5),
      at(c, 0.5),
      'none',
    ),
  ]
}

/**
 * What no device in JavaScript can go below: the driver's hook, a wait and a copy, in a Worker. With `accounts` also what a device promises
 * for each wait: one request for a page, a time limit, and counters.
 */
async function bareWorker(floor, cpu, accounts) {
  const { kernel } = thisProcess()
  const file = kernel.files.memfdCreate('bench', { sealable: false })
  kernel.files.ftruncate(file, PAGES * PAGE)
  const start = kernel.calls.mmap(0n, PAGES * PAGE, 3, MAP.SHARED, file, 0)
  kernel.files.close(file)
  const uffd = bindUserfaultfd(() => kernel).create({ features: ['missing_shmem'] })
  uffd.register(start, PAGES * PAGE)
  const control = new Int32Array(new SharedArrayBuffer(16))
  const worker = new Worker(new URL('../support/device/fill-worker.js', import.meta.url), {
    execArgv: [], // not those of this process, which may be a program on the command line
    workerData: {
      descriptor: uffd.tryClone().intoRawDescriptor(),
      control,
      floor: floor.path,
      cpu,
      start: Number(start),
      accounts,
    },
  })
  await once(worker, 'message')
  return {
    touch(times) {
      floor.touch(Number(start), PAGES, times)
      kernel.calls.madvise(start, PAGES * PAGE, MADV.REMOVE)
      return times
    },
    async close() {
      Atomics.store(control, 0, 1)
      await once(worker, 'exit')
      uffd.close({ missing: 'zero' })
      kernel.calls.munmap(start, PAGES * PAGE)
    },
  }
}

async function sequential(floor) {
  const ours = async () => {
    const device = await openDevice(DRIVER, { driver: { size: GIB }, run: { least: PAGE, most: RUN } })
    const memory = device.map({ shared: true })
    const time = floor.scan(Number(memory.start), GIB) / 1e6
    memory.unmap()
    await device.close()
    return time
  }
  const theirs = () => {
    const start = floor.open(GIB, RUN, -1)
    const time = floor.scan(start, GIB) / 1e6
    floor.close()
    return time
  }
  const { measured, floor: c, ratio } = await paired(ours, theirs, 5)
  const work = `read 1 GiB in order, run of ${RUN / 1024} KiB (ms; ratio of speeds)`
  return { work, measured, floor: c, ratio: 1 / ratio, target: '>= 0.7' }
}

/** Eight pages, each of which takes its driver 5 ms, beside one. */
async function together() {
  const device = await openDevice(DRIVER, { driver: { size: 64 * PAGE, wait: 5 }, run: PAGE })
  const memory = device.map({ shared: true })
  const read = async (pages) => {
    const started = performance.now()
    const bytes = Array.from({ length: pages }, () => new Uint8Array(1))
    await Promise.all(bytes.map((target, index) => memory.readAsync(index * 2 * PAGE, target)))
    const time = performance.now() - started
    await device.invalidate()
    return time
  }
  const { measured, floor, ratio } = await paired(
    () => read(8),
    () => read(1),
    21,
  )
  memory.unmap()
  await device.close()
  return row('8 asynchronous faults of 5 ms in flight, beside one (ms)', measured, floor, '<= 2', ratio)
}

/** The same loop over pages of a device that are in memory and over an ArrayBuffer: both must take the same time. */
async function whatIsThere() {
  const length = 64 * 2 ** 20
  const device = await openDevice(DRIVER, { driver: { size: length } })
  const memory = device.map({ shared: true })
  await device.ready()
  const [mine, plain] = [memory.bytes, new Uint8Array(length).fill(7)]
  const pairs = await paired(
    () => timeOf(mine),
    () => timeOf(plain),
    15,
  )
  return row(
    'sum of 64 MiB that are there, beside an ArrayBuffer (ms)',
    pairs.measured,
    pairs.floor,
    '<= 1.02',
    pairs.ratio,
  )
}

function timeOf(bytes) {
  return median([1, 2, 3].map(() => sumOnce(bytes)))
}

function sumOnce(bytes) {
  const started = performance.now()
  let sum = 0
  for (let index = 0; index < bytes.length; index++) sum += bytes[index]
  if (sum !== bytes.length * 7) throw new Error(`the sum is ${sum}`)
  return performance.now() - started
}

function row(work, measured, floor, target, ratio = measured / floor) {
  return { work, measured, floor, ratio, target }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(await run())
