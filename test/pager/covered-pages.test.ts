import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import * as vmarea from '../published/index.js'
import { MemoryFault, pageSize } from '../published/index.js'
import { longRuns } from '../support/long-runs.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const page = pageSize()
/** So many pages lie before the one that can't be had: who copies them is under way when that one is covered. */
const PAGES = 500
const READERS = 4

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
})
