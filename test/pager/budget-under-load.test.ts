// Many threads read more than may be in memory: all that they read is right, and what is in memory stays within its bound all the time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../differential/random.js'
import * as vmarea from '../published/index.js'
import { type Device, type Mmap, pageSize } from '../published/index.js'
import { seed } from '../support/seed.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const page = pageSize()
const PAGES = 1024
const HOT = 4
const READERS = 6
const LIMIT = 96 * page
const random = new Random(seed)

/** Each word tells its page and its place. How often each page was asked for is counted in `fills`. */
const counting = driverUrl(({ fills, slow }: { fills: Int32Array; slow: number }) => {
  let asked = 0
  return {
    size: fills.length * page,
    mmap() {},
    fault(fault) {
      const { bytes, offset } = fault
      for (let at = 0; at < bytes.length; at += page) Atomics.add(fills, (offset + at) / page, 1)
      const fill = () => {
        const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
        for (let at = 0; at < words.length; at++) words[at] = Math.imul(offset / 4 + at + 1, 0x9e3779b1)
      }
      if (slow === 0) return fill()
      bytes.fill(0xee)
      return new Promise<void>((resolve) => setTimeout(resolve, 1 + (asked++ % slow))).then(fill)
    },
  }
})

function check(words: Int32Array, first: number): void {
  for (let at = 0; at < words.length; at++) {
    if (words[at] !== Math.imul((first * page) / 4 + at + 1, 0x9e3779b1)) {
      assert.fail(`word ${at} from page ${first} on is ${words[at]}`)
    }
  }
}

eachSource({ ...vmarea, alike: true }, ({ openDevice, skip }) => {
  const open = async (options: { readonly run: number; readonly slow?: number; readonly residentLimit?: number }) => {
    const { run, slow = 0, residentLimit = LIMIT } = options
    const fills = new Int32Array(new SharedArrayBuffer(PAGES * 4))
    const device = await openDevice(counting, { driver: { fills, slow }, run, residentLimit, timeout: 120_000 })
    return { device, fills, residentLimit }
  }

  /** Reads the hot pages and then others, again and again, on many threads and on this one. Returns the most that was ever in memory. */
  const load = async (device: Device, maps: readonly Mmap[], rounds: number): Promise<number> => {
    let most = 0
    let running = READERS + 1
    const look = () => {
      most = Math.max(most, device.statistics.bytesResident)
    }
    const onAnother = async () => {
      for (let round = 0; round < rounds; round++) {
        const memory = random.pick(maps)
        const hot = new Int32Array((HOT * page) / 4)
        await memory.readAsync(0, hot)
        check(hot, 0)
        const count = 1 + random.below(3)
        const first = HOT + random.below(PAGES - HOT - count)
        const cold = new Int32Array((count * page) / 4)
        await memory.readAsync(first * page, cold)
        check(cold, first)
        look()
      }
      running--
    }
    const onThisThread = async () => {
      for (let round = 0; round < rounds; round++) {
        const memory = random.pick(maps)
        const number = HOT + random.below(PAGES - HOT)
        memory.access((bytes) => {
          check(new Int32Array(bytes.slice(0, HOT * page).buffer), 0)
          check(new Int32Array(bytes.slice(number * page, (number + 1) * page).buffer), number)
        })
        await new Promise((resolve) => setImmediate(resolve))
      }
      running--
    }
    const looking = async () => {
      for (; running > 0; look()) await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all([looking(), onThisThread(), ...Array.from({ length: READERS }, onAnother)])
    return most
  }

  for (const slow of [0, 4]) {
    const title = slow > 0 ? 'what is being filled counts' : 'a driver answers at once'
    test(`what is in memory is never more than the limit, under load: ${title}`, { skip }, async () => {
      const { device, residentLimit } = await open({ run: 4 * page, slow })
      await using _ = device
      using shared = device.map({ shared: true })
      using own = device.map()
      const most = await load(device, [shared, own], 60)
      assert.ok(most <= residentLimit, `${most / page} pages, and ${residentLimit / page} may be`)
      assert.ok(most > residentLimit / 2, `${most / page} pages: there was no load`)
      assert.ok(device.statistics.bytesDropped > 0)
      assert.deepEqual([device.statistics.failures, device.statistics.waiting], [0, 0])
    })
  }

  test('what every thread uses all the time stays, and what was used once goes', { skip }, async () => {
    // Out of view is a sixth of the limit at least, which is more than all threads together read between two looks at the hot pages.
    const { device, fills } = await open({ run: page, residentLimit: 384 * page })
    await using _ = device
    using memory = device.map({ shared: true })
    await load(device, [memory], 120)
    const [hot, cold] = [fills.subarray(0, HOT), fills.subarray(HOT)]
    const again = cold.reduce((sum, count) => sum + Math.max(0, count - 1), 0)
    assert.ok(again > 100, `${again} of the others were asked for again`)
    assert.deepEqual([...hot], [1, 1, 1, 1])
  })

  // More is asked for at once than may stay: what is being filled is in memory, and what is done goes.
  test('more faults at once than the limit has room for are all answered, and leave no more than the limit', {
    skip,
  }, async () => {
    const run = 8 * page
    const { device, residentLimit } = await open({ run, slow: 20, residentLimit: 16 * page })
    await using _ = device
    using memory = device.map({ shared: true })
    let most = 0
    const reads = Array.from({ length: 24 }, async (_, index) => {
      const words = new Int32Array(page / 4)
      await memory.readAsync(index * run, words)
      check(words, (index * run) / page)
      most = Math.max(most, device.statistics.bytesResident)
    })
    await Promise.all(reads)
    assert.ok(most <= residentLimit + reads.length * run, `${most / page} pages`)
    const left = device.statistics.bytesResident
    assert.ok(left <= residentLimit, `${left / page} pages are left, and ${residentLimit / page} may be`)
  })
})
