// Memory out to a file and back in order, beside the same in C: UFFDIO_MOVE, pwrite, pread, UFFDIO_COPY of 2 MiB.
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mapMut, openSwap } from 'vmarea'
import { fileStore } from 'vmarea/stores'
import { loadFloor } from '../support/load-floor.js'
import { median } from '../support/paired.js'

const MiB = 2 ** 20
const LENGTH = Number(process.env.VMAREA_BENCH_SWAP_MIB ?? 1024) * MiB
const ROUNDS = Number(process.env.VMAREA_BENCH_SWAP_ROUNDS ?? 5)

export async function run() {
  const floor = loadFloor(new URL('../support/swap/floor.c', import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-bench-swap-'))
  try {
    const file = openSync(join(folder, 'floor'), 'w+')
    check(floor.openSwap(LENGTH, file))
    const memory = mapMut({ length: LENGTH })
    memory.advise('nohugepage')
    const words = new BigUint64Array(memory.view(0, LENGTH).buffer, 0, LENGTH / 8)
    for (let at = 0; at < words.length; at += 512) words[at] = BigInt(at + 1)
    const swap = await openSwap(memory, { store: fileStore({ folder }) })
    const rows = await commands(swap, floor, words)
    await swap.exit()
    closeSync(file)
    return rows
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function commands(swap, floor, words) {
  const times = { stage: [], out: [], in: [] }
  for (let round = -1; round < ROUNDS; round++) {
    // Otherwise the store has all pages already.
    for (let at = 1; at < words.length; at += 512) words[at]++
    const ours = [await timed(() => swap.enable()), await timed(() => swap.out()), await timed(() => swap.disable())]
    const theirs = [check(floor.stage()), check(floor.out()), check(floor.in())].map((time) => time / 1e9)
    if (round < 0) continue
    for (const [index, name] of Object.keys(times).entries()) times[name].push([ours[index], theirs[index]])
  }
  const rate = (name, work) => {
    const [measured, base] = [0, 1].map((which) => LENGTH / MiB / median(times[name].map((pair) => pair[which])))
    return {
      work: `${work} of ${LENGTH / MiB} MiB in order (MiB/s)`,
      measured,
      floor: base,
      ratio: measured / base,
      target: '>= 0.8',
    }
  }
  return [
    rate('stage', 'enable: all moved to staging'),
    rate('out', 'out: staging to a file'),
    rate('in', 'disable: back from the file'),
  ]
}

async function timed(work) {
  const since = performance.now()
  await work()
  return (performance.now() - since) / 1000
}

function check(result) {
  if (result < 0) throw new Error(`the floor failed: error ${-result}`)
  return result
}
