// copy and move, the calls alone, beside the same ioctls in a C loop.
import { fileURLToPath } from 'node:url'
import { thisProcess } from '../../dist/this-process.js'
import { bindUserfaultfd } from '../../dist/userfaultfd/bind-userfaultfd.js'
import { MADV } from '../../dist/vocabulary/madv.js'
import { MAP } from '../../dist/vocabulary/map.js'
import { loadFloor } from '../support/load-floor.js'
import { median } from '../support/paired.js'

const KIB = 1024
const TOTAL = 32 * 1024 * KIB
const ROUNDS = Number(process.env.VMAREA_BENCH_ROUNDS ?? 20)

export async function run() {
  const floor = loadFloor(new URL('../support/userfaultfd/floor.c', import.meta.url))
  const { kernel } = thisProcess()
  const uffd = bindUserfaultfd(() => kernel).create()
  const map = () => {
    const start = kernel.calls.mmap(0n, TOTAL, 3, MAP.PRIVATE | MAP.ANONYMOUS, -1, 0)
    kernel.calls.madvise(start, TOTAL, MADV.NOHUGEPAGE)
    return start
  }
  const [target, source, data] = [
    map(),
    map(),
    kernel.regions.mapRegion(0n, 2048 * KIB, 3, MAP.PRIVATE | MAP.ANONYMOUS, -1, 0, 4096),
  ]
  const bytes = new Uint8Array(data.view(0, 2048 * KIB)).fill(7)
  uffd.register(target, TOTAL)
  const drop = () => kernel.calls.madvise(target, TOTAL, MADV.DONTNEED)
  const fill = () => kernel.calls.madvise(source, TOTAL, MADV.POPULATE_WRITE)
  const [to, from] = [Number(target), Number(source)]

  const rows = []
  for (const [size, goal] of [
    [4 * KIB, 1.3],
    [64 * KIB, 1.05],
    [2048 * KIB, 1.02],
  ]) {
    const count = TOTAL / size
    const mine = () => {
      const before = process.hrtime.bigint()
      for (let index = 0; index < count; index++) uffd.copy(to + index * size, size, bytes)
      return Number(process.hrtime.bigint() - before)
    }
    const theirs = () => floor.calls(uffd.asRawDescriptor(), 0, to, Number(data.start), size, count)
    rows.push(row(`copy of ${name(size)} (µs a call)`, ...alternate(mine, theirs, drop), count, goal))
  }
  for (const [size, goal] of [
    [4 * KIB, 1.2],
    [2048 * KIB, 1.1],
  ]) {
    const count = TOTAL / size
    // There and back, with enough calls that both run from warm caches.
    const trips = Math.ceil(256 / count)
    const mine = () => {
      const before = process.hrtime.bigint()
      for (let trip = 0; trip < trips; trip++) {
        for (let index = 0; index < count; index++)
          uffd.move(to + index * size, from + index * size, size, { foreign: true })
        for (let index = 0; index < count; index++)
          uffd.move(from + index * size, to + index * size, size, { foreign: true })
      }
      return Number(process.hrtime.bigint() - before) / trips / 2
    }
    const theirs = () => {
      let time = 0
      for (let trip = 0; trip < trips; trip++) {
        time += floor.calls(uffd.asRawDescriptor(), 1, to, from, size, count)
        time += floor.calls(uffd.asRawDescriptor(), 1, from, to, size, count)
      }
      return time / trips / 2
    }
    const reset = () => {
      uffd.unregister(source, TOTAL)
      drop()
      fill()
      uffd.register(source, TOTAL)
    }
    // What any call from JavaScript takes: a function of an addon that makes the ioctl once, with the numbers that it is given.
    const bare = () => {
      const descriptor = uffd.asRawDescriptor()
      const before = process.hrtime.bigint()
      for (let trip = 0; trip < trips; trip++) {
        for (let index = 0; index < count; index++)
          floor.calls(descriptor, 1, to + index * size, from + index * size, size, 1)
        for (let index = 0; index < count; index++)
          floor.calls(descriptor, 1, from + index * size, to + index * size, size, 1)
      }
      return Number(process.hrtime.bigint() - before) / trips / 2
    }
    uffd.register(source, TOTAL)
    rows.push(row(`move of ${name(size)} (µs a call)`, ...alternate(mine, theirs, reset), count, goal))
    rows.push(
      row(
        `the ioctl for it by a bare function of an addon, ${name(size)} (µs a call)`,
        ...alternate(bare, theirs, reset),
        count,
      ),
    )
  }
  uffd.close({ missing: 'zero' })
  data.unmap()
  for (const start of [target, source]) kernel.calls.munmap(start, TOTAL)
  return rows
}

/** Measures both in turn, so that a change of the machine's speed affects both. Returns the medians, and the median of the ratios of the pairs. */
function alternate(mine, theirs, reset) {
  const pairs = []
  for (let index = -2; index < ROUNDS; index++) {
    const pair = []
    for (const which of index % 2 === 0 ? [0, 1] : [1, 0]) {
      reset()
      pair[which] = [mine, theirs][which]()
      if (pair[which] < 0) throw new Error(`the floor failed with ${pair[which]}`)
    }
    if (index >= 0) pairs.push(pair)
  }
  return [
    median(pairs.map(([one]) => one)),
    median(pairs.map(([, other]) => other)),
    median(pairs.map(([one, other]) => one / other)),
  ]
}

function row(work, mine, theirs, ratio, count, target) {
  return {
    work,
    measured: mine / count / 1000,
    floor: theirs / count / 1000,
    ratio,
    ...(target === undefined ? {} : { target: `<= ${target}` }),
  }
}

function name(size) {
  return size >= 1024 * KIB ? `${size / KIB / KIB} MiB` : `${size / KIB} KiB`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(await run())
