import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as vmarea from '../published/index.js'
import { type MemoryFault, pageSize, thisProcess, VM, type VmError } from '../published/index.js'
import { until } from '../support/until.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const page = pageSize()
const MIXEDMAP = 0x1000_0000n

eachSource(vmarea, ({ openDevice, skip }) => {
  test('pages that the mmap hook inserts are there without a fault, and are live', { skip }, async () => {
    const status = driverUrl((_, host) => {
      const first = host.allocatePage()
      return {
        size: 4 * page,
        mmap(area) {
          area.changeFlags(0x1000_0000n, 0n)
          area.insertPage(area.start, first)
          area.insertPage(area.start + BigInt(2 * page), first)
          for (const [address, code] of [
            [area.start, 'EBUSY'],
            [area.end, 'EFAULT'],
          ] as const) {
            try {
              area.insertPage(address, first)
              throw new Error('it was inserted')
            } catch (error) {
              if ((error as VmError).code !== code) throw error
            }
          }
          first.bytes.fill(40 + first.references)
        },
        fault(fault) {
          first.bytes[1] = 77
          fault.bytes.fill(2)
        },
      }
    })
    await using device = await openDevice(status)
    using memory = device.map({ shared: true })
    assert.deepEqual([memory.bytes[0], memory.bytes[2 * page], device.statistics.faults], [43, 43, 0])
    assert.equal(memory.bytes[page], 2)
    assert.deepEqual([memory.bytes[1], memory.bytes[2 * page + 1]], [77, 77])
    using other = device.map()
    assert.equal(other.bytes[0], 45)
  })

  for (const how of ['zapPageRangeSingle', "advise('dontneed')"]) {
    test(`${how} by the program takes an inserted page out, and the next touch is a fault`, { skip }, async () => {
      const inserting = driverUrl((_, host) => ({
        size: 4 * page,
        mmap(area) {
          const inserted = host.allocatePage()
          inserted.bytes.fill(71)
          area.changeFlags(0x1000_0000n, 0n)
          for (const number of [1n, 2n]) area.insertPage(area.start + number * BigInt(page), inserted)
        },
        fault(fault) {
          fault.bytes.fill(1)
        },
      }))
      await using device = await openDevice(inserting)
      for (const shared of [true, false]) {
        using memory = device.map({ shared })
        const seen = () => [0, 1, 2].map((number) => memory.read(number * page + 9, new Uint8Array(1))[0])
        assert.deepEqual(seen(), [1, 71, 71])
        if (how === 'zapPageRangeSingle') {
          using guard = thisProcess().mm.mmgetNotZero()!.mmapReadLock()
          const address = memory.start + BigInt(page)
          guard.vmaLookup(address)!.zapPageRangeSingle(address, page)
        } else memory.advise('dontneed', page, page)
        assert.deepEqual(seen(), [1, 1, 71], shared ? 'shared' : 'private')
      }
    })
  }

  test('a fault hook inserts into the area that it looks up under the read lock, once other readers have left', {
    skip,
  }, async () => {
    const looking = driverUrl((_, host) => ({
      size: 2 * page,
      mmap(area) {
        area.changeFlags(0x1000_0000n, 0n)
      },
      fault({ area, address }) {
        const inserted = host.allocatePage()
        inserted.bytes.fill(7)
        const { addressSpace } = area!
        addressSpace.readLock()
        try {
          const found = addressSpace.lookup(address!)!
          for (const wrong of [found.start - BigInt(page), found.end]) {
            try {
              found.insertPage(wrong, inserted)
              throw new Error('it was inserted')
            } catch (error) {
              if ((error as VmError).code !== 'EFAULT') throw error
            }
          }
          found.insertPage(address!, inserted)
        } finally {
          addressSpace.readUnlock()
        }
      },
    }))
    await using device = await openDevice(looking)
    using memory = device.map()
    assert.equal((await memory.readAsync(page, new Uint8Array(1)))[0], 7)
    using user = thisProcess().mm.mmgetNotZero()!
    const guard = user.mmapReadLock()
    const reading = memory.readAsync(0, new Uint8Array(1))
    await until('the fault to come to the driver', () => device.statistics.waiting === 1)
    guard[Symbol.dispose]()
    assert.equal((await reading)[0], 7)
  })

  test('a page inserted into a writable shared map is written through, and into a private one copied', {
    skip,
  }, async () => {
    const written = driverUrl((_, host) => {
      const mine = host.allocatePage()
      return {
        size: 2 * page,
        mmap(area) {
          area.changeFlags(0x1000_0000n, 0n)
          area.insertPage(area.start, mine)
        },
        fault(fault) {
          fault.bytes.fill(mine.bytes[0]!)
        },
      }
    })
    await using device = await openDevice(written, { run: page })
    using own = device.map({ protection: 'write' })
    own.bytes[0] = 9
    assert.equal(own.bytes[page], 0)
    await device.invalidate()
    using ours = device.map({ protection: 'write', shared: true })
    ours.bytes[0] = 8
    assert.equal(ours.bytes[page], 8)
    assert.equal(own.bytes[0], 9)
  })

  test('a fault may be answered with a page of the driver, and again with its own when that was zapped', {
    skip,
  }, async () => {
    const both = driverUrl((_, host) => {
      const given = host.allocatePage()
      given.bytes.fill(50)
      let asked = 0
      return {
        size: 4 * page,
        mmap(area) {
          area.changeFlags(0x1000_0000n, 0n)
        },
        fault(fault) {
          asked++
          if (fault.offset === 0 && asked === 1) return fault.answer(given)
          if (fault.offset === 2 * page) {
            fault.area!.zap(fault.area!.start, page)
            return fault.area!.insertPage(fault.address!, given)
          }
          fault.bytes.fill(asked)
        },
      }
    })
    await using device = await openDevice(both, { run: page })
    using memory = device.map({ protection: 'write', shared: true })
    const { bytes } = memory
    assert.deepEqual([bytes[0], bytes[page]], [50, 2])
    assert.equal(bytes[2 * page], 50)
    assert.equal(bytes[0], 4)
    bytes[2 * page] = 51
    assert.equal(bytes[0], 4)
    bytes[0] = 60
    using again = device.map()
    assert.equal(again.bytes[0], 60)
  })

  test('an answer with something that is no page of the driver is EINVAL', { skip }, async () => {
    const wrong = driverUrl((_, host) => {
      const put = host.allocatePage()
      put.put()
      return {
        size: 2 * page,
        mmap() {},
        fault(fault) {
          fault.answer(
            fault.offset === 0 ? put : ({ bytes: new Uint8Array(page), references: 1, put() {} } as typeof put),
          )
        },
      }
    })
    await using device = await openDevice(wrong)
    using memory = device.map()
    for (const at of [0, page]) {
      assert.throws(
        () => memory.access((bytes) => bytes[at]),
        (error: MemoryFault) => (error.cause as VmError).code === 'EINVAL',
      )
    }
  })

  test('pages that were put are used again, zeroed, when they are mapped nowhere', { skip }, async () => {
    const recycled = driverUrl((_, host) => ({
      size: page,
      mmap() {},
      fault(fault) {
        const seen = new Set<number>()
        for (let round = 0; round < 5000; round++) {
          const mine = host.allocatePage()
          seen.add(mine.bytes[5]!)
          mine.bytes.fill(3)
          mine.put()
          mine.put()
        }
        fault.bytes[0] = seen.size
        fault.bytes[1] = [...seen][0]! + 1
      },
    }))
    await using device = await openDevice(recycled)
    using memory = device.map()
    assert.deepEqual([...memory.bytes.subarray(0, 2)], [1, 1])
  })

  test('flags that the hook sets are visible and in effect, and those that it clears stay cleared', {
    skip,
  }, async () => {
    const strict = driverUrl(() => ({
      size: 4 * page,
      mmap(area) {
        area.changeFlags(0x1000_0000n | 0x4000n | 0x40000n | 0x20000n | 0x4000000n, 0x20n | 0x40n)
      },
      fault(fault) {
        fault.bytes.fill(1)
      },
    }))
    await using device = await openDevice(strict)
    const memory = device.map({ shared: true, length: 2 * page })
    using guard = (await thisProcess().mm.mmgetNotZero())!.mmapReadLock()
    const { flags } = guard.vmaLookup(memory.start)!
    const expected = VM.MIXEDMAP | VM.IO | VM.DONTEXPAND | VM.DONTCOPY | VM.DONTDUMP | VM.MAYREAD
    assert.equal(flags & (expected | VM.MAYWRITE | VM.MAYEXEC), expected)
    assert.equal(flags & MIXEDMAP, MIXEDMAP)
    guard[Symbol.dispose]()
    assert.throws(() => memory.makeMut(), { code: 'EACCES' })
    assert.throws(() => memory.makeExec(), { code: 'EACCES' })
    assert.throws(() => memory.resize(4 * page), { code: 'EFAULT' })
    assert.equal(memory.bytes[0], 1)
    memory.makeNone().makeReadOnly().unmap()
  })
})
