import { Mm } from 'vmarea'
import { ask, manyAreas } from '../support/many-areas.js'
import { milliseconds } from '../support/milliseconds.js'
import { nanoseconds, paired } from '../support/paired.js'

const COUNT = 50_000
const LOOKUPS = 50_000
/** The engine compiles the code of a list over its first ten or so. */
const LISTS = 25

/** Reads a process of 50,000 areas: one area, all areas, and all areas with all fields of smaps. */
export async function run() {
  const inC = ask()
  const { pid, first, stride, places, stop } = await manyAreas(COUNT)
  const mm = Mm.of(pid)
  const addresses = Array.from({ length: 4096 }, (_, index) => BigInt(first + ((index * 7919) % places) * stride))
  const where = [pid, first, stride, places]
  const guard = mm.mmgetNotZero().mmapReadLock()
  try {
    let next = 0
    const lookUp = () => guard.vmaLookup(addresses[next++ & 4095]).end
    const query = await paired(
      () => nanoseconds(LOOKUPS, lookUp),
      () => inC('query', ...where, LOOKUPS)[0],
    )
    const lines = inC('lines', ...where, 20)[0]
    const list = await paired(
      () => milliseconds(() => readAll(guard)),
      () => inC('read', `/proc/${pid}/maps`)[0],
      LISTS,
    )
    const bare = await paired(
      () => inC('parse', `/proc/${pid}/maps`)[0] + milliseconds(readBare),
      () => inC('read', `/proc/${pid}/maps`)[0],
    )
    const usage = await paired(
      () => milliseconds(() => readUsage(guard)),
      () => inC('read', `/proc/${pid}/smaps`)[0],
      LISTS,
    )
    const parsed = await paired(
      () => inC('parse', `/proc/${pid}/smaps`)[0],
      () => inC('read', `/proc/${pid}/smaps`)[0],
    )
    return [
      {
        work: `vmaLookup among ${COUNT} areas`,
        measured: `${query.measured.toFixed(0)} ns`,
        floor: `${query.floor.toFixed(0)} ns, bare ioctl in C`,
        ratio: query.ratio,
        target: '<= 3',
      },
      {
        work: 'the same against parsing maps',
        measured: `${query.measured.toFixed(0)} ns`,
        floor: `${lines.toFixed(0)} ns, line by line in C`,
        ratio: query.measured / lines,
        target: '<= 0.01',
      },
      {
        work: 'all areas: range, permissions, offset, path',
        measured: `${list.measured.toFixed(1)} ms`,
        floor: `${list.floor.toFixed(1)} ms, reading maps in C`,
        ratio: list.ratio,
        target: '<= 1.5',
      },
      {
        work: 'the list read and parsed in C, and an object with three bigints made for each area',
        measured: `${bare.measured.toFixed(1)} ms`,
        floor: `${bare.floor.toFixed(1)} ms, reading maps in C`,
        ratio: bare.ratio,
      },
      {
        work: 'flags and usage of all areas',
        measured: `${usage.measured.toFixed(1)} ms`,
        floor: `${usage.floor.toFixed(1)} ms, reading smaps in C`,
        ratio: usage.ratio,
        target: '<= 1.15',
      },
      {
        work: 'the same read and parsed in C, and no area kept',
        measured: `${parsed.measured.toFixed(1)} ms`,
        floor: `${parsed.floor.toFixed(1)} ms, reading smaps in C`,
        ratio: parsed.ratio,
      },
    ]
  } finally {
    guard.release()
    mm[Symbol.dispose]()
    stop()
  }
}

/** What the engine alone takes for as many areas with the numbers that are read: nothing is parsed, and nothing checked. */
function* bareAreas() {
  for (let row = 0; row < COUNT; row++) {
    places[0] = row
    yield { start: numbers[0], end: numbers[1], offset: numbers[2], path: '', permissions: 3 }
  }
}

function readBare() {
  let seen = 0
  for (const area of bareAreas()) {
    read.start = area.start
    read.end = area.end
    read.offset = area.offset
    seen += area.path.length + area.permissions
  }
  if (seen === 0) throw new Error('nothing was read')
}

const numbers = new BigUint64Array([0x7f0000000000n, 0x7f0000001000n, 0n])
const places = new Uint32Array(numbers.buffer)

/** Where bigints go that are read: to add them up would take as long as to read them. */
const read = { start: 0n, end: 0n, offset: 0n, flags: 0n }

function readAll(guard) {
  let seen = 0
  for (const vma of guard.areas()) {
    read.start = vma.start
    read.end = vma.end
    read.offset = vma.offset
    seen += vma.path.length + vma.readable + vma.writable + vma.executable + vma.shared
  }
  if (seen === 0 || read.end <= read.start) throw new Error('nothing was read')
}

function readUsage(guard) {
  let seen = 0
  for (const vma of guard.areas({ usage: true })) {
    const usage = vma.usage()
    read.flags = vma.flags
    seen += usage.rss + usage.pss + usage.privateDirty + usage.swap
  }
  if (seen === 0 || read.flags === 0n) throw new Error('nothing was read')
}
