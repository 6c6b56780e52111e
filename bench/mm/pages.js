import { mapMut, thisProcess } from 'vmarea'
import { ask } from '../support/many-areas.js'
import { milliseconds } from '../support/milliseconds.js'
import { paired } from '../support/paired.js'

const PAGE = 4096
const STRETCH = 64
const WIDE = 16 * 2 ** 30
const STRETCHES = Math.floor(WIDE / PAGE / 100 / STRETCH)
const READ_WRITE = 3
const PRIVATE_ANONYMOUS_NORESERVE = 0x4022
const POPULATE_WRITE = 23
const NOHUGEPAGE = 15

/** The states of pages: 16 GiB of addresses with one page in a hundred present, the same pages within 1 GiB, and 1 TiB with nothing. */
export async function run() {
  const inC = ask()
  const wide = make(WIDE)
  const narrow = make(2 ** 30)
  const empty = mapMut({ length: 2 ** 40, noReserve: true })
  const guard = thisProcess().mm.mmgetNotZero().mmapReadLock()
  try {
    const scan = await paired(
      () => milliseconds(() => count(guard, wide)),
      () => inC('scan', process.pid, wide.from, wide.to)[0],
    )
    const width = await paired(
      () => milliseconds(() => count(guard, wide)),
      () => milliseconds(() => count(guard, narrow)),
    )
    const emptyInC = () => inC('scan', process.pid, empty.start, empty.end)[0]
    const nothing = {
      '`pages()`': await paired(
        () => milliseconds(() => [...guard.pages({ from: empty.start, to: empty.end })]),
        emptyInC,
      ),
      '`residentRunsSync()`': await paired(() => milliseconds(() => [...empty.residentRunsSync()]), emptyInC),
      '`residentRuns()`': await paired(() => awaited(empty), emptyInC),
    }
    return [
      {
        work: `page states of 16 GiB, 1 % present, ${count(guard, wide)} runs`,
        measured: `${scan.measured.toFixed(1)} ms`,
        floor: `${scan.floor.toFixed(1)} ms, PAGEMAP_SCAN in C`,
        ratio: scan.ratio,
        target: 'none',
      },
      {
        work: 'the same pages present in 16 times the addresses',
        measured: `${width.measured.toFixed(1)} ms in 16 GiB`,
        floor: `${width.floor.toFixed(1)} ms in 1 GiB`,
        ratio: width.ratio,
        target: '< 16',
      },
      ...Object.entries(nothing).map(([name, { measured, floor, ratio }]) => ({
        work: `${name} of 1 TiB with nothing in it`,
        measured: `${measured.toFixed(2)} ms`,
        floor: `${floor.toFixed(2)} ms, PAGEMAP_SCAN in C`,
        ratio,
        target: '10 ms',
      })),
    ]
  } finally {
    guard.release()
    empty.unmap()
    for (const { from, to } of [wide, narrow]) thisProcess().kernel.calls.munmap(from, Number(to - from))
  }
}

/** Addresses in which stretches of pages are touched, spread evenly. */
function make(length) {
  const { calls } = thisProcess().kernel
  const from = calls.mmap(0n, length, READ_WRITE, PRIVATE_ANONYMOUS_NORESERVE, -1, 0)
  calls.madvise(from, length, NOHUGEPAGE)
  const step = Math.floor(length / PAGE / STRETCHES) * PAGE
  for (let index = 0; index < STRETCHES; index++) {
    calls.madvise(from + BigInt(index * step), STRETCH * PAGE, POPULATE_WRITE)
  }
  return { from, to: from + BigInt(length) }
}

async function awaited(memory) {
  const started = performance.now()
  for await (const run of memory.residentRuns()) if (run.length === 0) throw new Error('an empty run')
  return performance.now() - started
}

function count(guard, range) {
  let runs = 0
  for (const { state } of guard.pages(range)) if (state >= 0) runs++
  return runs
}
