// Pages that leave while a thread writes to the same memory, beside two loops in C: UFFDIO_MOVE, a copy, UFFDIO_COPY; and the same with what
// the promises of swap require: a checksum of each page both ways, a buffer that belongs to the store, and staging memory from which pages
// can be dropped while the program's layout events are followed. And beside a Worker that makes the calls of the second loop: what JavaScript
// itself costs.
import { availableParallelism } from 'node:os'
import { mapMut, openSwap } from 'vmarea'
import { memoryStore } from 'vmarea/stores'
import { loadFloor } from '../support/load-floor.js'
import { median } from '../support/paired.js'
import { bareEvictions } from '../support/swap/bare-evictions.js'
import { withThreads } from '../support/with-threads.js'

const PAGE = 4096
const PAGES = 16_384
const RESIDENT = PAGES / 4
const WRITES = Number(process.env.VMAREA_BENCH_SWAP_WRITES ?? 100_000_000)
const ROUNDS = 10
const ANY = -1
const [PLAIN, CAREFUL, BARE] = [0, 1, 2]

/** With two CPUs, each fault wakes the other CPU, or the threads take turns on one. The scheduler chooses, so both are measured. */
export async function run() {
  const floor = loadFloor(new URL('../support/swap/evictions.c', import.meta.url))
  const memory = mapMut({ length: PAGES * PAGE })
  memory.advise('nohugepage')
  const store = memoryStore({ compression: 'none' })
  const [opened, ...threads] = await withThreads(() => openSwap(memory, { store, residentLimit: RESIDENT * PAGE }))
  const sides = [{ address: Number(memory.start), evicted: () => opened.statistics.evictedPages, threads }]
  const openFloor = (which) => {
    const address = floor.openSwap(PAGES, RESIDENT, which)
    if (address < 0) throw new Error(`the floor failed: error ${-address}`)
    return address
  }
  for (const which of [PLAIN, CAREFUL]) {
    const [address, ...threads] = await withThreads(() => openFloor(which))
    sides.push({ address, evicted: () => floor.evicted(which), threads })
  }
  const address = openFloor(BARE)
  const [bare, ...bareThreads] = await withThreads(() =>
    bareEvictions(floor, { memory: address, pages: PAGES, limit: RESIDENT }),
  )
  sides.push({ address, evicted: bare.evicted, threads: bareThreads })
  const counts = sides.map(() => new BigUint64Array(PAGES))
  const cpus = availableParallelism() > 1 ? [0, 1] : [0]
  const rows = []
  for (const cpu of cpus) {
    const rates = sides.map(() => [])
    for (let round = -1; round < ROUNDS; round++) {
      for (const [index, side] of sides.entries()) {
        const writes = round < 0 ? PAGES * 1024 * 2 : WRITES / cpus.length / ROUNDS
        const rate = pagesPerSecond(floor, side, { cpu, writes, counts: counts[index], seed: round + 7 })
        if (round >= 0) rates[index].push(rate)
      }
    }
    rows.push(...rowsOf(cpu, rates.map(median)))
  }
  const writes = counts.map((all) => Number(all.reduce((sum, count) => sum + count, 0n)))
  const lost = sides.map(({ address }, index) => floor.lost(address, PAGES, counts[index]))
  await opened.exit()
  await bare.close()
  floor.stop()
  rows.push({
    work: `writes lost meanwhile, of ${(writes[0] / 1e6).toFixed(1)} million`,
    measured: lost[0],
    floor: lost[1],
    ratio: lost[0] === 0 ? 1 : Number.POSITIVE_INFINITY,
    target: '0 lost',
  })
  return rows
}

function pagesPerSecond(floor, { address, evicted, threads }, { cpu, writes, counts, seed }) {
  floor.pinThread(0, 0)
  for (const thread of threads) floor.pinThread(thread, cpu)
  const before = evicted()
  const seconds = floor.writePages(address, PAGES, writes, counts, seed) / 1e9
  const pages = evicted() - before
  floor.pinThread(0, ANY)
  return pages / seconds
}

function rowsOf(cpu, [measured, plain, careful, bare]) {
  const where = cpu === 0 ? 'on the same CPU' : 'on another CPU'
  const row = (work, figure, target) => ({ work, measured: figure, floor: plain, ratio: figure / plain, target })
  return [
    row(
      `pages that leave while a thread writes at random, a quarter resident, served ${where} (pages/s)`,
      measured,
      '>= 0.8',
    ),
    row(`the same in C with checksums, a buffer, and events followed, served ${where} (pages/s)`, careful, 'none'),
    row(`the same from a Worker that only makes these calls, served ${where} (pages/s)`, bare, 'none'),
  ]
}
