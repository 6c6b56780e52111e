// Random calls on served memory, beside a plain account of what must be in it.
import assert from 'node:assert/strict'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { Random } from '../../differential/random.js'
import { kernel, page } from '../../userfaultfd/own-kernel.js'
import { fill } from './fill.js'
import { Served } from './served.js'

const PAGES = 600 // more than one chunk
const RW = PROT.READ | PROT.WRITE
const random = new Random(Number(process.argv[3]))
const shared = random.chance(50)
const notifyWrites = random.chance(40)
const run = random.pick([1, 1, 3])
const served = await Served.open(PAGES, { flags: shared ? MAP.SHARED : MAP.PRIVATE, notifyWrites, once: true, run })
const { region } = served
const protections = new Array<number>(PAGES).fill(RW)
/** The second byte of each page, where the program has written one. */
const written = new Map<number, number>()
const done: string[] = [JSON.stringify({ shared, notifyWrites, run })]
let loose = 0

const expected = (number: number, write: boolean) => {
  const protection = protections[number]!
  if (protection === PROT.NONE) return 'no-access'
  return write && protection === PROT.READ ? 'read-only' : undefined
}
const content = (number: number) => written.get(number) ?? fill(number)

const steps: [number, (number: number, count: number) => unknown][] = [
  [
    8,
    function read(number) {
      const bytes = new Uint8Array(2)
      const reason = region.read(number * page, bytes)?.reason
      assert.equal(reason, expected(number, false))
      if (reason === undefined) assert.deepEqual([...bytes], [fill(number), content(number)])
    },
  ],
  [
    5,
    function write(number) {
      const value = random.below(256)
      assert.equal(region.write(number * page + 1, new Uint8Array([value]))?.reason, expected(number, true))
      if (expected(number, true) === undefined) written.set(number, value)
    },
  ],
  [
    4,
    function readInScope(number) {
      const mark = kernel.regions.faultScope.enter()
      const value = served.bytes()[number * page + 1]
      assert.equal(kernel.regions.faultScope.leave(mark)?.reason, expected(number, false))
      if (expected(number, false) === undefined) assert.equal(value, content(number))
    },
  ],
  [
    3,
    function writeInScope(number) {
      const value = random.below(256)
      const mark = kernel.regions.faultScope.enter()
      served.bytes()[number * page + 1] = value
      assert.equal(kernel.regions.faultScope.leave(mark)?.reason, expected(number, true))
      if (expected(number, true) === undefined) written.set(number, value)
    },
  ],
  [
    2,
    function writeLoosely(number) {
      served.bytes()[number * page + 1] = 1
      const reason = expected(number, true)
      if (reason === undefined) written.set(number, 1)
      else {
        loose++
        assert.equal(region.fault?.reason, reason)
        // Whatever is done in between does nothing to the cover, and the true page comes back.
        if (random.chance(50)) kernel.calls.mprotect(region.start, PAGES * page, RW)
        if (random.chance(50)) region.protect(0, PAGES * page, RW, RW)
        else kernel.calls.mprotect(region.start, PAGES * page, RW)
        protections.fill(RW)
        region.restore()
      }
    },
  ],
  [
    2,
    function protect(number, count) {
      const protection = random.pick([PROT.NONE, PROT.READ, RW])
      if (random.chance(50)) region.protect(number * page, count * page, protection, protections[number]!)
      else kernel.calls.mprotect(region.start + BigInt(number * page), count * page, protection)
      protections.fill(protection, number, number + count)
    },
  ],
  [1, (number, count) => served.call('hide', served.start + number * page, count * page)],
  [
    1,
    function drop(number, count) {
      kernel.calls.madvise(region.start + BigInt(number * page), count * page, MADV.DONTNEED)
      if (!shared) for (let index = number; index < number + count; index++) written.delete(index)
    },
  ],
  [
    1,
    function lock(number, count) {
      if (random.chance(50)) kernel.calls.munlock(region.start, PAGES * page)
      else if (protections.every((protection) => protection !== PROT.NONE)) {
        kernel.calls.mlock(region.start + BigInt(number * page), Math.min(count, 40) * page)
        kernel.calls.munlock(region.start, PAGES * page)
      }
    },
  ],
]

try {
  for (let step = 0; step < 400; step++) {
    const number = random.below(PAGES)
    const count = 1 + random.below(random.chance(20) ? PAGES - number : Math.min(8, PAGES - number))
    const act = random.weighted(steps.map(([weight, act]) => [weight, act] as const))
    done.push(`${act.name || 'hide'} ${number} ${count}`)
    await act(number, count)
  }
  region.protect(0, PAGES * page, RW, RW)
  protections.fill(RW)
  for (let number = 0; number < PAGES; number++) steps[0]![1](number, 1)
  console.log(JSON.stringify({ loose, served: await served.stop() }))
} catch (error) {
  console.error(done.slice(0, 1).concat(done.slice(-40)).join('\n'))
  throw error
}
process.exit()
