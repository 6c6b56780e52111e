// What calls of the model cost, by the number of VMAs. Run with --expose-gc. Prints a line a figure.
import { BIT } from '#vmarea/model/bit.js'
import { handleFault } from '#vmarea/model/handle-fault.js'
import { Machine } from '#vmarea/model/machine.js'
import { Mm } from '#vmarea/model/mm.js'
import { mmap } from '#vmarea/model/mmap.js'
import { mprotect } from '#vmarea/model/mprotect.js'
import { munmap } from '#vmarea/model/munmap.js'

const PAGE = 4096
const ANONYMOUS = 0x22
const RW = 3

function addressSpace(vmas) {
  const machine = new Machine({ maxMapCount: Infinity, memory: 2 ** 50 })
  const limits = { addressSpace: Infinity, data: Infinity, lockedMemory: 0, stack: 0 }
  const mm = new Mm(machine, limits, [])
  // Neighbours of another protection do not merge.
  for (let at = 0; at < vmas; at++) mmap(mm, 0, PAGE, at % 2 === 0 ? RW : 1, ANONYMOUS, undefined, 0)
  if (mm.tree.size !== vmas) throw new Error(`${mm.tree.size} VMAs instead of ${vmas}`)
  return mm
}

/** Best of a few runs, in calls a second. */
function rate(calls, run) {
  let best = 0
  for (let round = 0; round < 5; round++) {
    const started = performance.now()
    run()
    best = Math.max(best, (calls / (performance.now() - started)) * 1000)
  }
  return best
}

function tell(name, value, unit) {
  console.log(`${name.padEnd(60)}${Math.round(value).toLocaleString('en').padStart(14)} ${unit}`)
}

for (const vmas of [1000, 100_000, 1_000_000]) {
  globalThis.gc?.()
  const before = process.memoryUsage()
  const mm = addressSpace(vmas)
  globalThis.gc?.()
  const after = process.memoryUsage()
  const bytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
  tell(`memory a VMA, of ${vmas}`, bytes / vmas, 'bytes')
  const starts = [...mm.tree].map((vma) => vma.start)
  const count = 200_000
  const pairs = rate(count, () => {
    for (let at = 0; at < count; at++) munmap(mm, mmap(mm, 0, PAGE, RW, ANONYMOUS, undefined, 0), PAGE)
  })
  tell(`mmap + munmap pairs at ${vmas} VMAs, at the end`, pairs, 'a second')
  // Pages somewhere, in an order that no cache foresees.
  const order = Array.from({ length: count }, (_, at) => starts[(at * 7919) % starts.length])
  const holes = rate(count, () => {
    for (const start of order) {
      const protection = mm.tree.lookup(start).flags & BIT.ACCESS
      munmap(mm, start, PAGE)
      mmap(mm, start, PAGE, protection, ANONYMOUS | 0x10, undefined, 0)
    }
  })
  tell(`munmap + mmap pairs at ${vmas} VMAs, anywhere`, holes, 'a second')
  const protects = rate(count, () => {
    for (const start of order) {
      const protection = mm.tree.lookup(start).flags & BIT.ACCESS
      mprotect(mm, start, PAGE, 0)
      mprotect(mm, start, PAGE, protection)
    }
  })
  tell(`mprotect pairs at ${vmas} VMAs, anywhere`, protects, 'a second')
  const found = rate(count, () => {
    for (const start of order) mm.tree.lookup(start)
  })
  tell(`look-ups at ${vmas} VMAs, anywhere`, found, 'a second')
}

{
  const pages = 500_000
  const machine = new Machine({ memory: 2 ** 50 })
  const limits = { addressSpace: Infinity, data: Infinity, lockedMemory: 0, stack: 0 }
  const touches = rate(pages, () => {
    const mm = new Mm(machine, limits, [])
    const start = mmap(mm, 0, pages * PAGE, RW, ANONYMOUS, undefined, 0)
    for (let at = 0; at < pages; at++) handleFault(mm, start + at * PAGE, 1)
  })
  tell('first touches of a page, writing', touches, 'a second')
}
