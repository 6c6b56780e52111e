import { fileURLToPath } from 'node:url'
import { mmap } from '../../dist/model/calls/mmap.js'
import { mprotect } from '../../dist/model/calls/mprotect.js'
import { munmap } from '../../dist/model/calls/munmap.js'
import { handleFault } from '../../dist/model/faults/handle-fault.js'
import { Machine } from '../../dist/model/structs/machine.js'
import { Mm } from '../../dist/model/structs/mm.js'
import { compile } from '../support/compile.js'

const PAGE = 4096
const ANONYMOUS = 0x22
const FIXED = 0x10
const RW = 3
const few = 1000
const count = 100_000
const lookUp = 'look-up anywhere'

/**
 * The processor time of calls of the model, by the number of areas. The floor is the same call with a thousand areas. For a
 * look-up, which mostly waits for memory, it is the same search over as many areas in C.
 */
export async function run() {
  const search = compile(fileURLToPath(new URL('look-up.c', import.meta.url)))
  const lookUpInC = (areas) => search(areas)[0]
  // The first calls include the compiler's work and the growth of the heap: do not count them.
  measure(addressSpace(few))
  const floor = measure(addressSpace(few))
  const rows = []
  for (const areas of [100_000, 1_000_000]) {
    globalThis.gc()
    const before = heap()
    const mm = addressSpace(areas)
    globalThis.gc()
    const bytes = (heap() - before) / areas
    rows.push({ work: `memory an area, of ${areas}`, measured: `${bytes.toFixed(0)} bytes`, target: '<= 300' })
    const times = measure(mm)
    for (const work of Object.keys(times)) {
      const isLookUp = work === lookUp
      const least = isLookUp ? lookUpInC(areas) / 1000 : floor[work]
      rows.push({
        work: `${work}, ${areas} areas`,
        measured: `${(1e6 / times[work]).toFixed(0)} /s`,
        floor: `${(1e6 / least).toFixed(0)} /s`,
        ratio: times[work] / least,
        target: areas === 100_000 && work.startsWith('mmap + munmap') ? '>= 500000 /s' : '<= 3',
      })
      if (isLookUp) rows.push(cachesAlone(areas, lookUpInC))
    }
  }
  const pages = 500_000
  const touch = best(pages, () => {
    const mm = empty()
    const start = mmap(mm, 0, pages * PAGE, RW, ANONYMOUS, undefined, 0)
    for (let at = 0; at < pages; at++) handleFault(mm, start + at * PAGE, 1)
  })
  rows.push({
    work: 'first touch of a page, writing',
    measured: `${(1e6 / touch).toFixed(0)} /s`,
    target: '>= 1000000 /s',
  })
  return rows
}

/** How much slower a look-up is when no cache holds the memory. */
function cachesAlone(areas, lookUpInC) {
  const [slow, fast] = [lookUpInC(areas), lookUpInC(few)]
  return {
    work: `${lookUp} in C, ${areas} areas beside ${few}`,
    measured: `${(1e9 / slow).toFixed(0)} /s`,
    floor: `${(1e9 / fast).toFixed(0)} /s`,
    ratio: slow / fast,
  }
}

function empty() {
  const machine = new Machine({ maxMapCount: Infinity, memory: 2 ** 50 })
  return new Mm(machine, { addressSpace: Infinity, data: Infinity, lockedMemory: 0, stack: 0 }, [])
}

function addressSpace(areas) {
  const mm = empty()
  // Neighbours of another protection do not merge.
  for (let at = 0; at < areas; at++) mmap(mm, 0, PAGE, at % 2 === 0 ? RW : 1, ANONYMOUS, undefined, 0)
  if (mm.tree.size !== areas) throw new Error(`${mm.tree.size} areas instead of ${areas}`)
  return mm
}

function measure(mm) {
  const starts = [...mm.tree].map((vma) => vma.start)
  // In an order that no branch predictor can learn: it learns one that repeats after a thousand.
  let state = 1
  const order = Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return starts[Math.floor((state / 2 ** 32) * starts.length)]
  })
  return {
    'mmap + munmap': best(count, () => {
      for (let at = 0; at < count; at++) munmap(mm, mmap(mm, 0, PAGE, RW, ANONYMOUS, undefined, 0), PAGE)
    }),
    'munmap + mmap anywhere': best(count, () => {
      for (const start of order) {
        const protection = mm.tree.lookup(start).flags & 7
        munmap(mm, start, PAGE)
        mmap(mm, start, PAGE, protection, ANONYMOUS | FIXED, undefined, 0)
      }
    }),
    'mprotect and back anywhere': best(count, () => {
      for (const start of order) {
        const protection = mm.tree.lookup(start).flags & 7
        mprotect(mm, start, PAGE, 0)
        mprotect(mm, start, PAGE, protection)
      }
    }),
    [lookUp]: best(count, () => {
      for (const start of order) if (mm.tree.lookup(start).start !== start) throw new Error('another one was found')
    }),
  }
}

/** Microseconds of processor time a call, the best of five. */
function best(calls, act) {
  let least = Infinity
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage()
    act()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / calls)
  }
  return least
}

function heap() {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(await run())
