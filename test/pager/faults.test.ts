import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as vmarea from '../published/index.js'
import { MemoryFault, pageSize, VmError } from '../published/index.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const page = pageSize()
const pages = (count: number) => count * page

/** Each page is filled with its number and one. */
const numbered = driverUrl(({ size, delay }: { size?: number; delay?: number }) => ({
  ...(size === undefined ? {} : { size }),
  mmap() {},
  fault(fault) {
    const fill = () => {
      for (let at = 0; at < fault.bytes.length; at += page)
        fault.bytes.fill((fault.offset + at) / page + 1, at, at + page)
    }
    if (delay === undefined) return fill()
    return new Promise<void>((resolve) => setTimeout(resolve, delay)).then(fill)
  },
}))

eachSource(vmarea, ({ openDevice, skip, source }) => {
  test('a touch of a page asks the driver for it, once', { skip }, async () => {
    await using device = await openDevice(numbered, { driver: { size: pages(8) }, run: page })
    using memory = device.map()
    const { bytes } = memory
    assert.equal(bytes.length, pages(8))
    assert.equal(bytes[pages(3)], 4)
    assert.equal(bytes[pages(3) + 17], 4)
    assert.equal(device.statistics.fills, 1)
    assert.equal(bytes[0], 1)
    assert.equal(bytes[pages(8) - 1], 8)
    assert.deepEqual([device.statistics.fills, device.statistics.bytesFilled], [3, pages(3)])
    assert.equal(device.statistics.bytesResident, pages(3))
    assert.equal(device.source, source)
  })

  test('an asynchronous driver is waited for', { skip }, async () => {
    await using device = await openDevice(numbered, { driver: { size: pages(4), delay: 5 } })
    using memory = device.map()
    assert.equal(memory.bytes[pages(2)], 3)
    assert.ok(memory.access((bytes) => bytes[0] === 1))
    const copy = new Uint8Array(8)
    memory.read(pages(3), copy)
    assert.deepEqual([...new Set(copy)], [4])
  })

  test('a second map shows the pages that the first one filled', { skip }, async () => {
    await using device = await openDevice(numbered, { driver: { size: pages(4) }, run: page })
    using first = device.map()
    using second = device.map({ offset: page, length: pages(2) })
    assert.equal(first.bytes[page], 2)
    assert.equal(second.bytes[0], 2)
    assert.equal(device.statistics.fills, 1)
    assert.equal(second.bytes[page], 3)
    assert.equal(first.bytes[pages(2)], 3)
    assert.equal(device.statistics.fills, 2)
  })

  test('an error of a driver is the cause of a MemoryFault, neighbouring pages work, and a later touch requests the page again', {
    skip,
  }, async () => {
    const flaky = driverUrl(() => {
      let asked = 0
      return {
        size: 4 * page,
        mmap() {},
        fault(fault) {
          if (fault.offset === page && asked++ < 2) throw new RangeError(`no ${asked}`)
          fault.bytes.fill(7)
        },
      }
    })
    await using device = await openDevice(flaky, { run: page })
    using memory = device.map()
    for (const time of [1, 2]) {
      assert.throws(
        () => memory.access((bytes) => bytes[page]),
        (error: MemoryFault) => {
          assert.ok(error instanceof MemoryFault)
          assert.equal(error.reason, 'driver')
          const cause = error.cause as VmError
          assert.ok(cause instanceof VmError)
          assert.equal(cause.code, 'EIO')
          assert.ok(cause.cause instanceof RangeError)
          assert.equal(cause.cause.message, `no ${time}`)
          return true
        },
      )
      assert.equal(
        memory.access((bytes) => bytes[0]! + bytes[pages(2)]!),
        14,
      )
    }
    assert.equal(
      memory.access((bytes) => bytes[page]),
      7,
    )
    assert.equal(device.statistics.failures, 2)
  })

  test('a VmError of a driver arrives as it is, also from a guarded read', { skip }, async () => {
    const refuses = driverUrl(() => ({
      size: page,
      mmap() {},
      async fault() {
        throw Object.assign(new Error('gone away'), { code: 'EX', extra: [1, 2] })
      },
    }))
    await using device = await openDevice(refuses)
    using memory = device.map()
    assert.throws(
      () => memory.read(0, new Uint8Array(1)),
      (error: MemoryFault) => {
        const cause = (error.cause as VmError).cause as Error & { code: string; extra: number[] }
        assert.deepEqual([cause.message, cause.code, cause.extra], ['gone away', 'EX', [1, 2]])
        return true
      },
    )
  })

  test('a driver that does not answer in time fails the access, sees its signal aborted, and may answer the next', {
    skip,
  }, async () => {
    const slow = driverUrl(() => {
      let first = true
      return {
        size: 2 * page,
        mmap() {},
        fault(fault) {
          if (!first) return void fault.bytes.fill(9)
          first = false
          return new Promise((_, reject) => fault.signal.addEventListener('abort', () => reject(fault.signal.reason)))
        },
      }
    })
    // Long enough for the page that is answered at once, on a machine that has other things to do.
    await using device = await openDevice(slow, { timeout: 500, run: page })
    using memory = device.map()
    assert.throws(
      () => memory.access((bytes) => bytes[0]),
      (error: MemoryFault) => error.reason === 'driver' && (error.cause as VmError).code === 'ETIMEDOUT',
    )
    assert.equal(
      memory.access((bytes) => bytes[0]),
      9,
    )
    assert.deepEqual([device.statistics.timeouts, device.statistics.waiting], [1, 0])
    assert.equal(device.state, 'serving')
  })

  test('ready fills what is absent without blocking, and rejects with what failed', { skip }, async () => {
    const partly = driverUrl(() => ({
      size: 64 * page,
      mmap() {},
      async fault(fault) {
        for (let at = 0; at < fault.bytes.length; at += page) {
          const number = (fault.offset + at) / page
          if (number === 20) throw new Error('bad page')
          fault.bytes.fill(number + 1, at, at + page)
        }
      },
    }))
    await using device = await openDevice(partly, { run: { most: 8 * page } })
    await device.ready(0, pages(16))
    assert.equal(device.statistics.bytesResident, pages(16))
    using memory = device.map()
    await assert.rejects(device.ready(), (error: VmError) => (error.cause as Error).message === 'bad page')
    assert.equal(device.statistics.bytesResident, pages(63))
    const before = device.statistics.faults
    for (let at = 0; at < 64; at++) if (at !== 20) assert.equal(memory.bytes[pages(at)], at + 1)
    // Pages that were filled before they were mapped are shown at their first touch; the others have been.
    assert.ok(device.statistics.faults - before <= 16)
    await device.ready(pages(30), pages(4))
  })

  test('a wait for ready ends with its signal, and aborts that of the driver', { skip }, async () => {
    const never = driverUrl(() => ({
      size: page,
      mmap() {},
      fault(fault) {
        return new Promise((_, reject) => fault.signal.addEventListener('abort', () => reject(new Error('aborted'))))
      },
    }))
    await using device = await openDevice(never)
    const end = new AbortController()
    const wait = device.ready(0, page, { signal: end.signal })
    while (device.statistics.waiting === 0) await sleep(1)
    end.abort(new Error('enough'))
    await assert.rejects(wait, /enough/)
    while (device.statistics.waiting > 0) await sleep(1)
  })

  test('invalidate forgets what pages held', { skip }, async () => {
    const counting = driverUrl(() => {
      let count = 0
      return {
        size: 4 * page,
        mmap() {},
        fault(fault) {
          fault.bytes.fill(++count)
        },
      }
    })
    await using device = await openDevice(counting, { run: page })
    using memory = device.map()
    using copy = device.map({ protection: 'write' })
    const { bytes } = memory
    assert.deepEqual([bytes[0], bytes[page]], [1, 2])
    copy.bytes[5] = 77
    await device.invalidate(0, page)
    assert.deepEqual([bytes[0], bytes[page]], [3, 2])
    assert.deepEqual([copy.bytes[0], copy.bytes[5]], [1, 77])
    await device.invalidate()
    assert.deepEqual([bytes[page], bytes[0]], [4, 5])
  })

  test('what is written to a private map never reaches the device, and what is written to a shared one does', {
    skip,
  }, async () => {
    await using device = await openDevice(numbered, { driver: { size: pages(2) }, run: page })
    using mine = device.map({ protection: 'write' })
    using ours = device.map({ protection: 'write', shared: true })
    using look = device.map({ shared: true })
    mine.bytes[0] = 100
    assert.deepEqual([mine.bytes[0], mine.bytes[1], look.bytes[0]], [100, 1, 1])
    ours.bytes[page] = 200
    assert.deepEqual([look.bytes[page], look.bytes[page + 1], mine.bytes[page]], [200, 2, 200])
  })

  test('the first write to a page asks pageMkwrite, which may refuse', { skip }, async () => {
    const asked = driverUrl(() => {
      const log: number[] = []
      return {
        size: 4 * page,
        mmap() {},
        fault(fault) {
          fault.bytes.fill(fault.offset === 3 * page ? log.length : 1)
        },
        pageMkwrite(fault) {
          if (fault.offset === page) throw new TypeError('read-only page')
          log.push(fault.offset)
        },
      }
    })
    await using device = await openDevice(asked, { run: page })
    using memory = device.map({ protection: 'write', shared: true })
    using look = device.map({ shared: true })
    memory.access((bytes) => {
      bytes[0] = 5
      bytes[1] = 6
    })
    assert.equal(look.bytes[0], 5)
    assert.throws(
      () =>
        memory.access((bytes) => {
          bytes[page] = 5
        }),
      (error: MemoryFault) => ((error.cause as VmError).cause as Error).message === 'read-only page',
    )
    assert.equal(
      memory.access((bytes) => bytes[page]),
      1,
    )
    memory.bytes[pages(2)] = 1
    assert.equal(look.bytes[pages(3)], 2)
  })

  test('a run grows as long as it is read in order, up to what it may', { skip }, async () => {
    const runs = driverUrl(() => {
      const lengths: number[] = []
      return {
        size: 256 * page,
        mmap() {},
        fault(fault) {
          lengths.push(fault.bytes.length / page)
          fault.bytes.fill(1)
          if (fault.offset === 200 * page) fault.bytes.set(lengths)
        },
      }
    })
    await using device = await openDevice(runs, { run: { least: page, most: 8 * page } })
    using memory = device.map()
    for (let at = 0; at < 32; at++) assert.equal(memory.bytes[pages(at)], 1)
    const lengths = [...memory.bytes.subarray(pages(200), pages(200) + 8)]
    assert.deepEqual(lengths, [1, 2, 4, 8, 8, 8, 8, 1].slice(0, 7).concat(lengths[7]!))
  })
})
