import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Random } from '../differential/random.js'
import * as vmarea from '../published/index.js'
import { MemoryFault, pageSize } from '../published/index.js'
import { longRuns } from '../support/long-runs.js'
import { patient } from '../support/patient.js'
import { seed } from '../support/seed.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'
import { writeInVain } from './support/write-in-vain.js'

const page = pageSize()
const timeout = patient(20_000)
/** So many pages lie before the one that can't be had: who copies them is under way when that one is covered. */
const PAGES = 500
const READERS = 4

const COPIED = 32
const sevens = driverUrl(({ size }: { size: number }) => ({
  size,
  mmap() {},
  fault({ bytes }) {
    bytes.fill(7)
  },
}))

/** Its second page can't be had the first time. */
const lacksOnce = driverUrl(({ size }: { size: number }) => {
  let asked = false
  return {
    size,
    mmap() {},
    fault({ bytes, offset }) {
      if (!asked && offset > 0) {
        asked = true
        throw new Error('not to be had')
      }
      bytes.fill(7)
    },
    writeback() {},
  }
})

/** Shares the bytes that it is given with the test. */
const storing = driverUrl(({ stored }: { stored: Uint8Array }) => ({
  size: stored.length,
  mmap() {},
  fault() {},
  writeback({ bytes, offset }) {
    stored.set(bytes, offset)
  },
}))

const lacksOne = driverUrl(({ lacks }: { lacks: number }) => ({
  mmap() {},
  fault({ bytes, offset }) {
    if (offset === lacks) throw new Error('not to be had')
    bytes.fill(9)
  },
}))

eachSource({ ...vmarea, alike: true }, ({ openDevice, skip, source }) => {
  test('covering a page that fails does not make it, however many threads copy it', { skip }, async () => {
    await using device = await openDevice(lacksOne, { driver: { lacks: PAGES * page }, run: page })
    using memory = device.map({ length: (PAGES + 1) * page, shared: true })
    memory.read(0, new Uint8Array(PAGES * page))
    const { bytesResident } = device.statistics
    const refused = (error: unknown) => {
      if (error instanceof MemoryFault && error.reason === 'driver') return true
      throw error
    }
    let going = true
    let copied = 0
    const copy = async (from: number) => {
      const target = new Uint8Array((PAGES + 1 - from) * page)
      while (going) {
        await memory.readAsync(from * page, target).then(() => copied++, refused)
      }
    }
    const copies = Promise.all(Array.from({ length: READERS }, (_, number) => copy(number * 100)))
    // Through the guard it took a second where the page could be touched between its going and the cover's coming.
    const end = performance.now() + (source === 'guard' ? 5000 : 1000) / (longRuns ? 1 : 4)
    let seen = 0
    while (performance.now() < end && seen === 0 && copied === 0) {
      try {
        memory.access((bytes) => bytes[PAGES * page])
        seen++
      } catch (error) {
        refused(error)
      }
      await turn()
    }
    going = false
    await copies
    assert.deepEqual([seen, copied, device.statistics.bytesResident], [0, 0, bytesResident])
  })

  test('pages to which writes are refused come from the driver', { skip }, async () => {
    await using device = await openDevice(sevens, { driver: { size: COPIED * page }, run: page })
    using memory = device.map({ shared: true })
    const random = new Random(seed)
    const target = new Uint8Array(COPIED * page)
    for (let round = 0; round < (longRuns ? 400 : 100); round++) {
      await device.invalidate()
      const copy = memory.readAsync(0, target)
      for (let write = 0; write < 40; write++) writeInVain(memory, random.below(COPIED) * page)
      const wrong = (await copy).findIndex((byte) => byte !== 7)
      assert.equal(wrong, -1, `round ${round}`)
    }
  })

  test('a page that failed, came with its neighbour and was taken away comes again', { skip, timeout }, async () => {
    await using device = await openDevice(lacksOnce, { driver: { size: 2 * page }, run: 2 * page })
    using memory = device.map({ shared: true })
    const second = new Uint8Array(1)
    await assert.rejects(memory.readAsync(page, second), { reason: 'driver' })
    assert.deepEqual([...memory.read(0, new Uint8Array(1)), device.statistics.bytesResident], [7, 2 * page])
    await device.invalidate()
    assert.equal((await memory.readAsync(page, second))[0], 7)
  })

  test('a write reaches the driver after one that was refused', { skip }, async () => {
    const stored = new Uint8Array(new SharedArrayBuffer(page))
    await using device = await openDevice(storing, { driver: { stored } })
    const reading = device.map({ shared: true })
    assert.equal(reading.read(0, new Uint8Array(1))[0], 0)
    writeInVain(reading, 0)
    const memory = reading.makeMut()
    memory.write(0, Uint8Array.of(5))
    await memory.flush()
    assert.equal(stored[0], 5)
    memory.unmap()
  })
})
