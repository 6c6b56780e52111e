// The ways in which private pages leave memory, beside UFFDIO_MOVE: write protection and a copy (kernels before 6.8), and the guard.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mapMut, openSwap, UFFD_FEATURE, VmError } from 'vmarea'
import { fileStore } from 'vmarea/stores'
import { LinuxUserfaultfd } from '../../dist/linux/userfaultfd/linux-userfaultfd.js'
import { loadFloor } from '../support/load-floor.js'
import { median } from '../support/paired.js'

const MiB = 2 ** 20
const LENGTH = 128 * MiB
const ROUNDS = Number(process.env.VMAREA_BENCH_SWAP_ROUNDS ?? 5)
const FAULTS = 1000
const WAYS = [
  ['UFFDIO_MOVE', {}],
  ['write protection and a copy', { moves: false }],
  ['the guard', { source: 'guard' }],
]
const WORKS = [
  'enable: all staged (MiB/s)',
  'out: staging to a file (MiB/s)',
  'disable: back from the file (MiB/s)',
  'one fault from staging, p50 (µs)',
]

export async function run() {
  const floor = loadFloor(new URL('../support/swap/floor.c', import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-bench-swap-'))
  const swaps = []
  try {
    for (const [, way] of WAYS) swaps.push(await opened(folder, way))
    /** By work, then by way. */
    const figures = WORKS.map(() => WAYS.map(() => []))
    // In turn, so that a drift of the machine's speed affects all.
    for (let round = -1; round < ROUNDS; round++) {
      for (const [way, one] of swaps.entries()) {
        const measured = await figuresOf(one, floor)
        if (round >= 0) for (const [work, figure] of measured.entries()) figures[work][way].push(figure)
      }
    }
    for (const { swap } of swaps) await swap.exit()
    return WORKS.flatMap((work, index) => {
      const [moved, ...others] = figures[index].map(median)
      return others.map((measured, way) => ({
        work: `${work} by ${WAYS[way + 1][0]}, beside UFFDIO_MOVE`,
        measured,
        floor: moved,
        ratio: measured / moved,
        target: 'none',
      }))
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function opened(folder, { moves = true, source }) {
  const memory = mapMut({ length: LENGTH })
  memory.advise('nohugepage')
  const words = new BigUint64Array(memory.view(0, LENGTH).buffer, 0, LENGTH / 8)
  for (let at = 0; at < words.length; at += 512) words[at] = BigInt(at + 1)
  const { api } = LinuxUserfaultfd.prototype
  if (!moves) LinuxUserfaultfd.prototype.api = withoutMove(api)
  try {
    return { memory, words, swap: await openSwap(memory, { store: fileStore({ folder }), ...(source && { source }) }) }
  } finally {
    LinuxUserfaultfd.prototype.api = api
  }
}

/** As on a kernel before 6.8. */
function withoutMove(api) {
  return function (features) {
    if ((features & UFFD_FEATURE.MOVE) !== 0n) throw new VmError('EINVAL', 'UFFDIO_API')
    return api.call(this, features)
  }
}

async function figuresOf({ memory, words, swap }, floor) {
  // Otherwise the store has all pages already.
  for (let at = 1; at < words.length; at += 512) words[at]++
  const rate = async (command) => {
    const since = performance.now()
    await swap[command]()
    return LENGTH / MiB / ((performance.now() - since) / 1000)
  }
  const enable = await rate('enable')
  // Before `disable`, after which the serving thread frees the store's pages for a while.
  const order = Uint32Array.from({ length: FAULTS }, (_, at) => ((at * 7919) % FAULTS) * (LENGTH / 4096 / FAULTS))
  const times = new Float64Array(FAULTS)
  floor.touchInOrder(Number(memory.start), order, times)
  await swap.enable()
  return [enable, await rate('out'), await rate('disable'), times.sort()[FAULTS / 2] / 1000]
}
