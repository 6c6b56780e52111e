// What swap costs where nothing is out: the program beside one without swap; and what it keeps of each page that is out.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mapMut, openSwap } from 'vmarea'
import { fileStore } from 'vmarea/stores'
import { paired } from '../support/paired.js'

const MiB = 2 ** 20
const LENGTH = Number(process.env.VMAREA_BENCH_SWAP_MIB ?? 1024) * MiB
const PAGE = 4096

export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-bench-swap-'))
  try {
    return [...(await allResident(folder)), ...(await metadata(folder))]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function allResident(folder) {
  const [ours, floor] = [filled(LENGTH / 4), filled(LENGTH / 4)]
  const swap = await openSwap(ours.memory, { store: fileStore({ folder }), residentLimit: LENGTH })
  const add = ({ words }) =>
    milliseconds(() => {
      for (let at = 0; at < words.length; at++) words[at] = (words[at] + at) | 0
    })
  const hop = ({ words }) =>
    milliseconds(() => {
      let at = 0
      for (let count = 0; count < 4_000_000; count++) {
        at = (Math.imul(at, 1664525) + 1013904223 + (words[at % words.length] & 0)) >>> 0
      }
    })
  const rows = []
  for (const [name, work] of [
    ['add to each word in order', add],
    ['4 million reads at random', hop],
  ]) {
    const {
      measured,
      floor: base,
      ratio,
    } = await paired(
      () => work(ours),
      () => work(floor),
    )
    rows.push({
      work: `${name}, ${LENGTH / 4 / MiB} MiB swapped and all resident (ms)`,
      measured,
      floor: base,
      ratio,
      target: '<= 1.02',
    })
  }
  await swap.exit()
  for (const { memory } of [ours, floor]) memory.unmap()
  return rows
}

/** Pages by which two memories must differ, so that what the engine takes and frees meanwhile, some hundred KiB, is little for each of them. */
const ENOUGH = 100_000

/** The memory of this process beside the swapped memory, of which all is out: what a larger one takes more. */
async function metadata(folder) {
  const [small, large] = [LENGTH / 4, LENGTH]
  if ((large - small) / PAGE < ENOUGH) {
    console.log(`${LENGTH / MiB} MiB are too few to tell what a page takes: its row is left out`)
    return []
  }
  const bytes = []
  for (const length of [small, small, large]) {
    const { memory } = filled(length)
    const swap = await openSwap(memory, { store: fileStore({ folder }) })
    await swap.enable()
    await swap.out()
    globalThis.gc()
    bytes.push(resident())
    memory.unmap()
    await swap.exit()
  }
  const measured = (bytes[2] - bytes[1]) / ((large - small) / PAGE)
  return [
    {
      work: 'memory for each page that is in a file (bytes)',
      measured,
      floor: 16,
      ratio: measured / 16,
      target: '<= 1',
    },
  ]
}

function filled(length) {
  const memory = mapMut({ length })
  memory.advise('nohugepage')
  const words = new Int32Array(memory.view(0, length).buffer, 0, length / 4)
  for (let at = 0; at < words.length; at += PAGE / 4) words[at] = at + 1
  return { memory, words }
}

function milliseconds(work) {
  const since = performance.now()
  work()
  return performance.now() - since
}

function resident() {
  const status = readFileSync('/proc/self/status', 'utf8')
  return ['RssAnon', 'RssShmem'].reduce(
    (sum, name) => sum + 1024 * Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]),
    0,
  )
}
