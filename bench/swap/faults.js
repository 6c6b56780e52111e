// Single faults on pages that are staged, in a file in the page cache, and compressed in memory by LZ4, beside the same in C: UFFDIO_MOVE;
// pread and UFFDIO_COPY; LZ4_decompress_safe and UFFDIO_COPY.
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { mapMut, openSwap } from 'vmarea'
import { fileStore, memoryStore } from 'vmarea/stores'
import { loadFloor } from '../support/load-floor.js'
import { bareServer } from '../support/swap/bare-server.js'
import { withThreads } from '../support/with-threads.js'

const PAGE = 4096
const FAULTS = 3000
/** No two of the pages are neighbours. */
const APART = 8
const LENGTH = FAULTS * APART * PAGE
/** The first rounds are not counted: the engine compiles functions that it has called some thousand times. */
const [WARM, ROUNDS] = [4, Number(process.env.VMAREA_BENCH_SWAP_ROUNDS ?? 5)]
/** As floor.c numbers the places from which pages come back. */
const [STAGING, FILE, COMPRESSED] = [0, 1, 2]
const ANY = -1

/** With two CPUs, each fault wakes the other CPU, or the threads take turns on one. The scheduler chooses, so both are measured. */
export async function run() {
  const floor = loadFloor(new URL('../support/swap/floor.c', import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-bench-swap-'))
  try {
    const file = openSync(join(folder, 'floor'), 'w+')
    const address = check(floor.openSwap(LENGTH, file))
    const filed = await swapped(fileStore({ folder }))
    const packed = await swapped(memoryStore({ compression: 'lz4' }))
    floor.fillFrom(Number(filed.memory.start))
    const bare = await bareServer(floor, { file, start: address })
    const rows = []
    for (const cpu of availableParallelism() > 1 ? [0, 1] : [0]) {
      const faults = (origin, ours, server) => figuresOf(floor, address, { origin, cpu, ours, server })
      rows.push(...rowsOf('staging', cpu, await faults(STAGING, filed, bare), 1.3))
      rows.push(...rowsOf('the file in the page cache', cpu, await faults(FILE, filed, bare), 1.3))
      if (packs(floor)) {
        rows.push(...rowsOf('memory compressed by LZ4', cpu, await faults(COMPRESSED, packed), 1.5))
      }
    }
    await bare.close()
    for (const { swap } of [filed, packed]) await swap.exit()
    closeSync(file)
    return rows
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function swapped(store) {
  const memory = mapMut({ length: LENGTH })
  memory.advise('nohugepage')
  fill(new Uint32Array(memory.view(0, LENGTH).buffer, 0, LENGTH / 4))
  const [swap, ...threads] = await withThreads(() => openSwap(memory, { store }))
  return { memory, swap, threads }
}

/** Whether this machine has LZ4 for C. */
function packs(floor) {
  check(floor.stage())
  const bytes = floor.pack()
  floor.bringBack(bytes < 0 ? STAGING : COMPRESSED)
  return bytes >= 0
}

/** The nanoseconds of each fault: of swap, of C, and of a Worker without swap where there is one. */
async function figuresOf(floor, address, { origin, cpu, ours, server }) {
  const order = Uint32Array.from({ length: FAULTS }, (_, at) => ((at * 7919) % FAULTS) * APART)
  const times = new Float64Array(FAULTS)
  const samples = [[], [], []]
  const touch = (start, which, round) => {
    floor.pinThread(0, 0)
    floor.touchInOrder(start, order, times)
    floor.pinThread(0, ANY)
    if (round >= 0) samples[which].push(...times)
  }
  const inC = (which, round, begin, end) => {
    check(floor.stage())
    if (origin === FILE) check(floor.out())
    if (origin === COMPRESSED) check(floor.pack())
    begin()
    touch(address, which, round)
    end()
    // Pages that were not touched are still out.
    floor.bringBack(origin)
  }
  for (let round = -WARM; round < ROUNDS; round++) {
    await ours.swap.enable()
    if (origin !== STAGING) await ours.swap.out()
    for (const thread of ours.threads) floor.pinThread(thread, cpu)
    touch(Number(ours.memory.start), 0, round)
    for (const thread of ours.threads) floor.pinThread(thread, ANY)
    await ours.swap.disable()
    inC(
      1,
      round,
      () => floor.start(origin, cpu),
      () => floor.stop(),
    )
    if (server !== undefined)
      inC(
        2,
        round,
        () => server.start(cpu, origin === STAGING),
        () => server.stop(),
      )
  }
  return samples
}

function rowsOf(origin, cpu, samples, most) {
  const [measured, floor, worker] = samples.map((all) => all.sort((a, b) => a - b))
  const at = (all, share) => all[Math.floor(all.length * share)] / 1000
  const where = cpu === 0 ? 'on the same CPU' : 'on another CPU'
  const row = (work, figure, base, target) => ({ work, measured: figure, floor: base, ratio: figure / base, target })
  const work = `one fault from ${origin}, served ${where}`
  const rows = [
    row(`${work}, p50 (µs)`, at(measured, 0.5), at(floor, 0.5), `<= ${most}`),
    row(`${work}, p99 (µs)`, at(measured, 0.99), at(floor, 0.99), '<= 4'),
  ]
  if (worker.length === 0) return rows
  return [
    ...rows,
    row(
      `the same by a Worker that keeps no record of pages, from ${origin}, ${where}, p50 (µs)`,
      at(worker, 0.5),
      at(floor, 0.5),
      'none',
    ),
  ]
}

/** Content like that of a program: small numbers, pointers into the same page, and zeros. */
function fill(words) {
  let state = 1
  for (let at = 0; at < words.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const kind = state >>> 29
    words[at] = kind < 3 ? 0 : kind < 6 ? state >>> 24 : state & 0xfff0
  }
}

function check(result) {
  if (result < 0) throw new Error(`the floor failed: error ${-result}`)
  return result
}
