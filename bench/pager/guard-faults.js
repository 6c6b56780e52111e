// One touch of a page that is in its memory file and not shown, answered by a Worker through the guard, beside the same through userfaultfd,
// and beside a C thread that makes the system calls of the guard.
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
const LENGTH = PAGES * 4096
const ROUNDS = Number(process.env.VMAREA_BENCH_ROUNDS ?? 60)
const [STOP, HIDE] = [0, 1]

export async function run() {
  const floor = loadFloor(new URL('../support/userfaultfd/floor.c', import.meta.url))
  const inC = loadFloor(new URL('../support/pager/floor.c', import.meta.url))
  const rows = []
  for (const cpu of availableParallelism() > 1 ? [0, 1] : [0]) {
    floor.pin(0)
    const ways = []
    for (const way of ['userfaultfd', 'markers', 'permissions']) ways.push(await open(way, floor, cpu))
    for (const markers of [true, false]) ways.push(openInC(markers, inC, cpu))
    const times = new Float64Array(PAGES)
    for (let round = -10; round < ROUNDS; round++) {
      for (const { touch, hide, samples } of ways) {
        hide()
        touch(times)
        if (round >= 0) samples.push(...times)
      }
    }
    const [base, ...guards] = ways.map(({ samples }) => samples.sort((a, b) => a - b))
    const where = cpu === 0 ? 'on the same CPU' : 'on another CPU'
    const row = (work, samples, share, target) => {
      const at = (all) => all[Math.floor(all.length * share)] / 1000
      rows.push({ work, measured: at(samples), floor: at(base), ratio: at(samples) / at(base), target })
    }
    for (const [index, how] of ['guard markers', 'permissions alone'].entries()) {
      const work = (name) => `one fault through the guard by ${how}, handler ${where}, ${name} (µs; beside userfaultfd)`
      row(work('p50'), guards[index], 0.5, cpu === 0 ? '<= 1.5' : '<= 2.5')
      row(work('p99'), guards[index], 0.99, '<= 8')
      row(`the same system calls in C, by ${how}, ${where}, p50`, guards[index + 2], 0.5, 'none')
    }
    for (const { close } of ways) await close()
  }
  return rows
}

function openInC(markers, floor, cpu) {
  return {
    touch(times) {
      floor.touch(floor.open(LENGTH, cpu, markers ? 1 : 0), PAGES, times)
      floor.close()
    },
    samples: [],
    hide() {},
    close() {},
  }
}

async function open(way, floor, cpu) {
  const { kernel } = thisProcess()
  const file = kernel.files.memfdCreate('bench', { sealable: false })
  kernel.files.ftruncate(file, LENGTH)
  const filled = kernel.regions.mapRegion(0n, LENGTH, 3, MAP.SHARED | MAP.POPULATE, file, 0, 4096)
  filled.unmap()
  const uffd = way === 'userfaultfd' ? bindUserfaultfd(() => kernel).create({ features: ['minor_shmem'] }) : undefined
  const region = kernel.regions.mapRegion(0n, LENGTH, uffd ? 3 : 0, MAP.SHARED, file, 0, 4096)
  uffd?.register(region.start, LENGTH, ['minor'])
  const control = new Int32Array(new SharedArrayBuffer(8))
  const worker = new Worker(new URL('../support/pager/show-worker.js', import.meta.url), {
    execArgv: [], // not those of this process, which may be a program on the command line
    workerData: {
      way,
      descriptor: uffd?.tryClone().intoRawDescriptor(),
      start: Number(region.start),
      length: LENGTH,
      control,
      floor: floor.path,
      cpu,
    },
  })
  await once(worker, 'message')
  if (!uffd) region.protect(0, LENGTH, 3, 0)
  return {
    touch: (times) => floor.touch(Number(region.start), PAGES, times),
    samples: [],
    hide() {
      if (uffd) return kernel.calls.madvise(region.start, LENGTH, MADV.DONTNEED)
      Atomics.store(control, HIDE, 1)
      while (Atomics.load(control, HIDE) === 1) Atomics.wait(control, HIDE, 1, 10)
    },
    async close() {
      Atomics.store(control, STOP, 1)
      await once(worker, 'exit')
      uffd?.close({ missing: 'zero' })
      region.unmap()
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(await run())
