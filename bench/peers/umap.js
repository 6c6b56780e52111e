// Random accesses to memory of which a quarter may be resident: swap to a file, beside LLNL/umap, which is built from its sources on the spot.
// --umap PATH gives its repository; without it git fetches it.
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mapMut, openSwap } from 'vmarea'
import { fileStore } from 'vmarea/stores'
import { loadFloor } from '../support/load-floor.js'
import { median } from '../support/paired.js'
import { umap } from '../support/swap/umap.js'

const PAGE = 4096
const PAGES = 2 ** 15
const RESIDENT = PAGES / 4
const ACCESSES = Number(process.env.VMAREA_BENCH_ACCESSES ?? 40_000)
/** Turns of either program, and rounds in each, of which the first is not counted. */
const [TURNS, ROUNDS] = [3, 3]

export async function run() {
  const floor = loadFloor(new URL('../support/swap/random-access.c', import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-bench-umap-'))
  try {
    const peer = umap(folder)
    if (typeof peer === 'string') console.log(`LLNL/umap: skipped, ${peer}`)
    const rows = []
    for (const [zipf, law] of ['uniform', "by Zipf's law"].entries()) {
      const rates = [[], []]
      let lost = 0
      for (let turn = 0; turn < TURNS; turn++) {
        const ours = await swapped(floor, folder, zipf)
        rates[0].push(...ours.slice(1, -1))
        lost += ours.at(-1)
        if (typeof peer === 'string') continue
        const theirs = beside(peer, folder, zipf)
        rates[1].push(...theirs.slice(1, -1))
        if (theirs.at(-1) !== 0) console.log(`LLNL/umap lost ${theirs.at(-1)} writes`)
      }
      if (lost !== 0) throw new Error(`${lost} writes were lost`)
      const [measured, other] = rates.map((all) => (all.length === 0 ? undefined : median(all)))
      const name = typeof peer === 'string' ? `LLNL/umap, which is missing: ${peer}` : 'LLNL/umap'
      rows.push({
        work: `random writes, ${law}, a quarter resident (accesses/s), beside ${name}`,
        measured,
        floor: other,
        ratio: other && measured / other,
        target: '> 1',
      })
    }
    return rows
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Accesses a second of each round, and the number that was lost. */
async function swapped(floor, folder, zipf) {
  const memory = mapMut({ length: PAGES * PAGE })
  memory.advise('nohugepage')
  const address = Number(memory.start)
  const swap = await openSwap(memory, { store: fileStore({ folder }), residentLimit: RESIDENT * PAGE })
  // All pages have content, as those of umap's file have.
  const words = new BigUint64Array(memory.view(0, memory.size).buffer)
  for (let page = 0; page < PAGES; page++) words[(page * PAGE) / 8 + 1] = 1n
  const rates = []
  for (let round = 0; round < ROUNDS; round++) {
    rates.push((ACCESSES * 1e9) / floor.accessPages(address, PAGES, ACCESSES, zipf, round + 7))
  }
  const lost = ROUNDS * ACCESSES - floor.sum(address, PAGES)
  await swap.exit()
  memory.unmap()
  return [...rates, lost]
}

function beside(peer, folder, zipf) {
  const path = join(folder, 'pages')
  const file = openSync(path, 'w')
  const page = new Uint8Array(PAGE)
  page[8] = 1
  for (let count = 0; count < PAGES; count++) writeSync(file, page)
  closeSync(file)
  return peer({ UMAP_PAGESIZE: PAGE, UMAP_BUFSIZE: RESIDENT }, path, PAGES, ROUNDS, ACCESSES, zipf)
}
