// Pages that leave while a thread writes to the same memory, beside a loop in C that does the same: UFFDIO_MOVE, a copy, UFFDIO_COPY.
import { mapMut, openSwap } from 'vmarea'
import { memoryStore } from 'vmarea/stores'
import { loadFloor } from '../support/load-floor.js'
import { median } from '../support/paired.js'

const PAGE = 4096
const PAGES = 16_384
const RESIDENT = PAGES / 4
const WRITES = Number(process.env.VMAREA_BENCH_SWAP_WRITES ?? 100_000_000)
const ROUNDS = 10

export async function run() {
  const floor = loadFloor(new URL('../support/swap/evictions.c', import.meta.url))
  const base = floor.openSwap(PAGES, RESIDENT)
  if (base < 0) throw new Error(`the floor failed: error ${-base}`)
  const memory = mapMut({ length: PAGES * PAGE })
  memory.advise('nohugepage')
  const swap = await openSwap(memory, { store: memoryStore({ compression: 'none' }), residentLimit: RESIDENT * PAGE })
  const sides = [
    { address: Number(memory.start), evicted: () => swap.statistics.evictedPages },
    { address: base, evicted: () => floor.evicted() },
  ]
  const counts = sides.map(() => new BigUint64Array(PAGES))
  const rates = [[], []]
  const each = WRITES / ROUNDS
  for (let round = -1; round < ROUNDS; round++) {
    for (const [index, { address, evicted }] of sides.entries()) {
      const before = evicted()
      const seconds =
        floor.writePages(address, PAGES, round < 0 ? PAGES * 1024 * 2 : each, counts[index], round + 7) / 1e9
      if (round >= 0) rates[index].push((evicted() - before) / seconds)
    }
  }
  const writes = counts.map((all) => Number(all.reduce((sum, count) => sum + count, 0n)))
  const lost = sides.map(({ address }, index) => floor.lost(address, PAGES, counts[index]))
  await swap.exit()
  floor.stop()
  const [measured, other] = rates.map(median)
  return [
    {
      work: 'pages that leave while a thread writes at random, a quarter resident (pages/s)',
      measured,
      floor: other,
      ratio: measured / other,
      target: '>= 0.8',
    },
    {
      work: `writes lost meanwhile, of ${(writes[0] / 1e6).toFixed(1)} million`,
      measured: lost[0],
      floor: lost[1],
      ratio: lost[0] === 0 ? 1 : Number.POSITIVE_INFINITY,
      target: '0 lost',
    },
  ]
}
