// A device is begun anew while threads read it: they wait for the next thread, and none of them fails.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../differential/random.js'
import * as vmarea from '../published/index.js'
import { type MemoryFault, pageSize, type VmError } from '../published/index.js'
import { seed } from '../support/seed.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const page = pageSize()
const PAGES = 64
const random = new Random(seed)

/** Each page has its number and one in all of its bytes. Some come late. Fails to begin where `control` says so; counts its ends there. */
const numbered = driverUrl(({ control }: { control: Int32Array }) => {
  if (Atomics.load(control, 0) === 1) throw new Error('it does not begin')
  let fills = 0
  return {
    size: 64 * page,
    mmap() {},
    fault(fault) {
      const fill = () => {
        for (let at = 0; at < fault.bytes.length; at += page) {
          fault.bytes.fill((fault.offset + at) / page + 1, at, at + page)
        }
      }
      if (++fills % 3 > 0) return fill()
      fault.bytes.fill(0xee)
      return new Promise<void>((resolve) => setTimeout(resolve, fills % 5)).then(fill)
    },
    async close() {
      await new Promise<void>((resolve) => setTimeout(resolve, 1))
      Atomics.add(control, 1, 1)
    },
  }
})

eachSource({ ...vmarea, alike: true }, ({ openDevice, skip }) => {
  const open = async () => {
    const control = new Int32Array(new SharedArrayBuffer(8))
    return { control, device: await openDevice(numbered, { driver: { control }, run: 2 * page, timeout: 60_000 }) }
  }

  test('a read during the restart of a living device waits, and gets the right bytes', { skip }, async () => {
    const { control, device } = await open()
    await using _ = device
    using shared = device.map({ shared: true })
    using own = device.map()
    let over = false
    let reads = 0
    const reading = Array.from({ length: 5 }, async () => {
      while (!over) {
        const first = random.below(PAGES - 1)
        const bytes = await random.pick([shared, own]).readAsync(first * page, new Uint8Array(2 * page))
        assert.deepEqual([...new Set(bytes)], [first + 1, first + 2])
        reads++
      }
    })
    const restarting = (async () => {
      for (let round = 0; round < 5; round++) {
        await device.invalidate()
        const enough = reads + 5
        while (reads < enough) await new Promise((resolve) => setImmediate(resolve))
        await device.restart()
        assert.equal(device.state, 'serving')
      }
    })().finally(() => {
      over = true
    })
    await Promise.all([...reading, restarting])
    assert.equal(Atomics.load(control, 1), 5)
    assert.deepEqual([device.statistics.failures, device.statistics.waiting], [0, 0])
  })

  test('where a restart fails, no access keeps waiting', { skip }, async () => {
    const { control, device } = await open()
    await using _ = device
    using memory = device.map()
    assert.equal(
      memory.access((bytes) => bytes[0]),
      1,
    )
    Atomics.store(control, 0, 1)
    const restarting = assert.rejects(device.restart(), /it does not begin/)
    const isUnserved = (error: MemoryFault) => error.reason === 'driver' && (error.cause as VmError).code === 'EIO'
    let failed = 0
    const reading = Array.from({ length: 3 }, async (_, number) => {
      for (let at = 8 * (number + 1); failed <= number; at++) {
        await memory.readAsync(at * page, new Uint8Array(1)).catch((error) => {
          assert.ok(isUnserved(error), String(error.cause))
          failed++
        })
      }
    })
    await restarting
    await Promise.all(reading)
    assert.throws(() => memory.access((bytes) => bytes[60 * page]), isUnserved)
    assert.equal(device.state, 'dead')
    Atomics.store(control, 0, 0)
    await device.restart()
    assert.equal(
      memory.access((bytes) => bytes[60 * page]),
      61,
    )
  })
})
