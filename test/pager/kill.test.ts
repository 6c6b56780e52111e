// The kill matrix: each way in which a pager's thread can end, at each moment that a fault can be in.
import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { describe, test } from 'node:test'
import * as vmarea from '../published/index.js'
import { pageSize } from '../published/index.js'
import { longRuns } from '../support/long-runs.js'
import { runInChild } from '../support/run-in-child.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const page = pageSize()

const ways = {
  throw: 'throws in a callback of its own',
  reject: 'leaves a rejection to nobody',
  exit: 'ends its thread',
  terminate: 'is terminated',
  loop: 'loops for ever',
  memory: 'takes all memory',
} as const
const moments = {
  pending: 'while it is asked for a page',
  queued: 'while more faults wait behind the one it is asked for',
  none: 'while nobody waits',
} as const

/** Each page has its number and one in all of its bytes. What the program stores in `control` happens when it has been told. */
const mortal = driverUrl(({ how, control }: { how: string; control: Int32Array }) => {
  const [LIVE, HOLD, DIE, DYING] = [0, 1, 2, 3]
  const die = () => {
    Atomics.store(control, 0, DYING)
    Atomics.notify(control, 0)
    if (how === 'exit') process.exit(3)
    // It sleeps in between, and leaves the processor to other tests.
    if (how === 'loop') for (;;) Atomics.wait(control, 0, DYING, 10)
    if (how === 'reject') Promise.reject(new Error('out of the blue'))
    if (how === 'throw') {
      setImmediate(() => {
        throw new Error('out of the blue')
      })
    }
    if (how === 'memory') {
      const hog: number[][] = []
      for (;;) hog.push(new Array(100_000).fill(1.5))
    }
  }
  const ticking = setInterval(() => {
    if (Atomics.load(control, 0) !== DIE) return
    clearInterval(ticking)
    die()
  }, 1)
  return {
    size: 16 * page,
    mmap() {},
    fault(fault) {
      if (Atomics.load(control, 0) !== HOLD || fault.offset !== page) {
        return void fault.bytes.fill(fault.offset / page + 1)
      }
      // Half done, which nobody may ever see.
      fault.bytes.fill(99)
      Atomics.store(control, 1, 1)
      Atomics.notify(control, 1)
      while (Atomics.load(control, 0) === HOLD) Atomics.wait(control, 0, HOLD)
      if (Atomics.load(control, 0) === LIVE) return void fault.bytes.fill(2)
      clearInterval(ticking)
      die()
      return new Promise<void>(() => {})
    },
  }
})

const scenario = `
import * as threads from 'node:worker_threads'
import { createRequire, syncBuiltinESMExports } from 'node:module'
const [how, moment, url, source] = args
const [LIVE, HOLD, DIE, DYING] = [0, 1, 2, 3]
const pagers = []
createRequire(import.meta.url)('node:worker_threads').Worker = class extends threads.Worker {
  constructor(...init) {
    super(...init)
    pagers.push(this)
  }
}
syncBuiltinESMExports()

const control = new Int32Array(new SharedArrayBuffer(8))
const tell = (state) => {
  Atomics.store(control, 0, state)
  Atomics.notify(control, 0)
}
const timeout = how === 'loop' ? 500 : 60_000
const device = await vmarea.openDevice(url, { driver: { how, control }, source, timeout, run: page })
const deaths = []
device.asRaw().onDeath((cause) => deaths.push(cause))
const memory = device.map()
const shared = device.map({ protection: 'write', shared: true })
const own = device.map({ protection: 'write' })
const code = 'EIO'

function right(map, number, byte = number + 1) {
  assert.equal(map.access((bytes) => bytes[number * page + 5]), byte)
  const copy = map.read(number * page, new Uint8Array(page))
  assert.deepEqual([copy[0], copy[page - 1]], [byte, byte])
}
async function rightLater(map, number, byte = number + 1) {
  const copy = await map.readAsync(number * page, new Uint8Array(page))
  assert.deepEqual([...new Set(copy)], [byte])
}
function isFault(error) {
  assert.ok(error instanceof MemoryFault, String(error))
  assert.equal(error.reason, 'driver')
  assert.ok(error.cause instanceof VmError, String(error.cause))
  assert.ok(error.cause.code === 'EIO' || (how === 'loop' && error.cause.code === 'ETIMEDOUT'), String(error.cause))
  return true
}
async function notThere(number) {
  for (const map of [memory, shared, own]) {
    assert.throws(() => map.access((bytes) => bytes[number * page]), isFault)
    assert.throws(() => map.read(number * page, new Uint8Array(page)), isFault)
    await assert.rejects(map.readAsync(number * page, new Uint8Array(page)), isFault)
  }
  assert.throws(() => shared.access((bytes) => { bytes[number * page] = 1 }), isFault)
}

// One that dies in a callback of its own may serve others before.
const late = how === 'throw' || how === 'reject'
const mayLive = () => assert.ok(late, 'it was served')
async function failsOrIs(reading, byte) {
  let copy
  try {
    copy = await reading
  } catch (error) {
    isFault(error)
    return
  }
  mayLive()
  assert.deepEqual([...new Set(copy)], [byte])
}

const kill = {
  none() {
    if (how === 'terminate') return pagers.at(-1).terminate()
    tell(DIE)
  },
  // One fault is with the driver, and no other.
  async pending() {
    tell(HOLD)
    const reading = assert.rejects(memory.readAsync(page, new Uint8Array(1)), isFault)
    while (Atomics.load(control, 1) === 0) Atomics.wait(control, 1, 0)
    await kill.none()
    await reading
  },
  // The thread that dies has neither seen nor read the others: they wait in the kernel, or in the guard.
  async queued() {
    tell(HOLD)
    const reading = [memory, shared, own].map((map) => assert.rejects(map.readAsync(page, new Uint8Array(1)), isFault))
    while (Atomics.load(control, 1) === 0) Atomics.wait(control, 1, 0)
    for (const number of [2, 3, 9]) {
      for (const map of [memory, own]) {
        reading.push(failsOrIs(map.readAsync(number * page, new Uint8Array(page)), number + 1))
      }
    }
    const ready = device.ready(10 * page, page).then(mayLive, (error) => assert.equal(error.code, code))
    await new Promise((resolve) => setTimeout(resolve, 20))
    await kill.none()
    await Promise.all([...reading, ready])
  },
}

async function dies() {
  const before = deaths.length
  await kill[moment]()
  if (how === 'loop') {
    while (Atomics.load(control, 0) !== DYING) await pause()
    if (moment === 'none') assert.throws(() => memory.access((bytes) => bytes[4 * page]), isFault)
    while (device.state !== 'dead') await pause()
  } else {
    // One whose end was asked for tells nobody else.
    while (device.state !== 'dead' || deaths.length === before) await pause()
    assert.equal(deaths.length, before + 1)
    assert.equal(deaths.at(-1).code, 'EIO')
  }
}

right(memory, 0)
right(shared, 5)
shared.access((bytes) => bytes.fill(77, 5 * page, 6 * page))
own.access((bytes) => bytes.fill(55, 0, page))
await dies()

assert.equal(device.state, 'dead')
right(memory, 0)
right(own, 0, 55)
right(shared, 5, 77)
await rightLater(memory, 0)
for (const number of [1, 7, 8]) await notThere(number)
await assert.rejects(device.ready(), { code })
await assert.rejects(device.invalidate(), { code })
assert.throws(() => device.map(), { code })

control.fill(LIVE)
await device.restart()
assert.equal(device.state, 'serving')
for (const number of [1, 2, 3, 4, 7, 9]) {
  right(memory, number)
  right(shared, number)
  await rightLater(own, number)
}
right(memory, 0)
right(own, 0, 55)
right(memory, 5, 77)
await device.ready()
assert.equal(device.statistics.waiting, 0)
assert.equal(device.statistics.bytesResident, 16 * page)
const again = device.map()
right(again, 15)
again.unmap()

// And once more, so that the process ends with a device that is dead.
await device.invalidate(page, 15 * page)
if (how !== 'loop' || moment === 'none') await dies()
right(memory, 0)
console.log('done')
`

eachSource({ ...vmarea, alike: true }, ({ source, skip }) => {
  describe('a pager thread that', { concurrency: availableParallelism() }, () => {
    for (const [how, does] of Object.entries(ways)) {
      for (const [moment, when] of Object.entries(moments)) {
        // Each end and each moment once.
        if (!longRuns && how !== 'exit' && moment !== 'pending') continue
        test(`${does} ${when} fails the waits, keeps the pages in memory, and serves again after a restart`, {
          skip,
        }, async () => {
          const { code, signal, stdout, stderr } = await runInChild(scenario, {
            args: [how, moment, mortal, source],
            flags: ['--max-old-space-size=64'],
          })
          assert.deepEqual({ code, signal, stdout, stderr }, { code: 0, signal: null, stdout: 'done\n', stderr: '' })
        })
      }
    }
  })
})
