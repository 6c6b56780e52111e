// One missing fault, answered by a Worker with copy, beside a C thread that does the same. The main thread faults.
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { thisProcess } from '../../dist/this-process.js'
import { bindUserfaultfd } from '../../dist/userfaultfd/bind-userfaultfd.js'
import { MADV } from '../../dist/vocabulary/madv.js'
import { MAP } from '../../dist/vocabulary/map.js'
import { loadFloor } from '../support/load-floor.js'

const PAGES = 500
const ROUNDS = Number(process.env.VMAREA_BENCH_ROUNDS ?? 60)
const HEAP_SECONDS = Number(process.env.VMAREA_BENCH_SECONDS ?? 4)
const [STOP, HEAP, SERVED] = [0, 1, 2]

/**
 * On one CPU the threads take turns; on two, each fault wakes the other CPU, which in a virtual machine is most of the time. The
 * scheduler chooses either, so both are measured, with pinned threads.
 */
export async function run({ rounds = ROUNDS, heapSeconds = HEAP_SECONDS } = {}) {
  const floor = loadFloor(new URL('../support/userfaultfd/floor.c', import.meta.url))
  const cpus = availableParallelism() > 1 ? [0, 1] : [0]
  const rows = []
  for (const cpu of cpus) rows.push(...(await measure(floor, cpu, rounds, heapSeconds)))
  return rows
}

async function measure(floor, cpu, rounds, heapSeconds) {
  const { kernel } = thisProcess()
  const [ours, theirs] = [area(kernel), area(kernel)]
  const control = new Int32Array(new SharedArrayBuffer(16))
  const descriptor = ours.uffd.tryClone().intoRawDescriptor()
  const worker = new Worker(new URL('../support/userfaultfd/serve-worker.js', import.meta.url), {
    execArgv: [], // not those of this process, which may be a program on the command line
    workerData: { descriptor, control, floor: floor.path, cpu },
  })
  await once(worker, 'message')
  floor.start(theirs.uffd.asRawDescriptor(), cpu)
  floor.pin(0)

  const times = new Float64Array(PAGES)
  const round = ({ start }) => {
    floor.touch(Number(start), PAGES, times)
    kernel.calls.madvise(start, PAGES * 4096, MADV.DONTNEED)
    return times
  }
  for (let warm = 0; warm < 24; warm++) [ours, theirs].forEach(round)
  const samples = [[], []]
  for (let index = 0; index < rounds; index++) {
    samples[0].push(...round(ours))
    samples[1].push(...round(theirs))
  }
  const [mine, c] = samples.map((all) => all.sort((a, b) => a - b))

  const rows = []
  if (cpu === 0 && heapSeconds > 0) rows.push(heapRow(control, () => round(ours), heapSeconds))

  Atomics.store(control, STOP, 1)
  await once(worker, 'exit')
  floor.stop()
  await new Promise((resolve) => setTimeout(resolve, 150))
  for (const { uffd, start } of [ours, theirs]) {
    uffd.close({ missing: 'zero' })
    kernel.calls.munmap(start, PAGES * 4096)
  }
  const at = (all, share) => all[Math.floor(all.length * share)] / 1000
  const where = cpu === 0 ? 'on the same CPU' : 'on another CPU'
  rows.unshift(
    row(`one missing fault, handler ${where}, p50 (µs)`, at(mine, 0.5), at(c, 0.5), 1.2),
    row(`one missing fault, handler ${where}, p99 (µs)`, at(mine, 0.99), at(c, 0.99), 3),
  )
  return rows
}

function area(kernel) {
  const uffd = bindUserfaultfd(() => kernel).create()
  const start = kernel.calls.mmap(0n, PAGES * 4096, 3, MAP.PRIVATE | MAP.ANONYMOUS, -1, 0)
  uffd.register(start, PAGES * 4096)
  return { uffd, start }
}

/** The heap of the Worker over a series of faults without a forced garbage collection. */
function heapRow(control, fault, seconds) {
  const before = heap(control, fault)
  const servedBefore = Atomics.load(control, SERVED)
  const end = performance.now() + seconds * 1000
  while (performance.now() < end) fault()
  const events = Atomics.load(control, SERVED) - servedBefore
  const bytes = (heap(control, fault) - before) / events
  const work = `heap of the handler: bytes an event, over ${events} events in ${seconds} s`
  return { work, measured: bytes, floor: 0, target: '<= 1' }
}

function heap(control, fault) {
  Atomics.store(control, HEAP, -1)
  fault()
  while (Atomics.load(control, HEAP) === -1) Atomics.wait(control, HEAP, -1, 50)
  return Atomics.load(control, HEAP) * 8
}

function row(work, measured, floor, target) {
  return { work, measured, floor, ratio: measured / floor, target: `<= ${target}` }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(await run())
