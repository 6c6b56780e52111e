import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as vmarea from '../published/index.js'
import { type MemoryFault, pageSize, type VmError } from '../published/index.js'
import { survives } from '../support/run-in-child.js'
import { temporaryFile } from '../support/temporary-folder.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const page = pageSize()

const numbered = driverUrl(({ delay }: { delay?: number } = {}) => ({
  mmap() {},
  async fault(fault) {
    if (delay !== undefined) await new Promise((resolve) => setTimeout(resolve, delay))
    for (let at = 0; at < fault.bytes.length; at += page)
      fault.bytes.fill((fault.offset + at) / page + 1, at, at + page)
  },
}))

eachSource(vmarea, ({ openDevice, skip, source }) => {
  test('faults of many threads are in flight at once', { skip }, async () => {
    const together = driverUrl(() => {
      let waiting: (() => void)[] = []
      return {
        mmap() {},
        // Nobody goes on before four have come.
        async fault(fault) {
          fault.bytes.fill(fault.offset / page + 1)
          await new Promise<void>((resolve) => {
            waiting.push(resolve)
            if (waiting.length < 4) return
            for (const go of waiting) go()
            waiting = []
          })
        },
      }
    })
    await using device = await openDevice(together, { run: page })
    using memory = device.map({ length: 64 * page })
    const read = async (number: number) => (await memory.readAsync(number * page * 3, new Uint8Array(1)))[0]
    const bytes = await Promise.all(Array.from({ length: 4 }, (_, number) => read(number)))
    assert.deepEqual(bytes, [1, 4, 7, 10])
  })

  test('threads that touch a page that is being filled wait for it, and it is filled once', { skip }, async () => {
    const slow = driverUrl(() => ({
      mmap() {},
      async fault(fault) {
        fault.bytes.fill(255)
        await new Promise((resolve) => setTimeout(resolve, 30))
        fault.bytes.fill(1)
      },
    }))
    await using device = await openDevice(slow, { run: 4 * page })
    using memory = device.map({ length: 8 * page })
    using other = device.map({ length: 8 * page, shared: true })
    const read = async (map: typeof memory, number: number) =>
      (await map.readAsync(number * page, new Uint8Array(page)))[9]
    const first = read(memory, 0)
    while (device.statistics.fills === 0) await sleep(1)
    const bytes = await Promise.all([
      first,
      read(memory, 1),
      read(other, 0),
      read(other, 3),
      read(memory, 0),
      device.ready(0, 4 * page).then(() => 1),
    ])
    assert.deepEqual(bytes, [1, 1, 1, 1, 1, 1])
    assert.equal(device.statistics.fills, 1)
  })

  test('a run that is invalidated while it is filled is filled again', { skip }, async () => {
    const counting = driverUrl((invalidated: Int32Array) => {
      let count = 0
      return {
        mmap() {},
        async fault(fault) {
          const mine = ++count
          fault.bytes.fill(mine)
          while (Atomics.load(invalidated, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1))
          fault.bytes.fill(mine)
        },
      }
    })
    const invalidated = new Int32Array(new SharedArrayBuffer(4))
    await using device = await openDevice(counting, { driver: invalidated, run: page })
    using memory = device.map({ length: page })
    const reading = memory.readAsync(0, new Uint8Array(1))
    while (device.statistics.fills === 0) await sleep(1)
    await device.invalidate(0, page)
    Atomics.store(invalidated, 0, 1)
    assert.equal((await reading)[0], 2)
  })

  const byteAt = (map: { read(offset: number, target: Uint8Array): Uint8Array }, number: number) =>
    map.read(number * page, new Uint8Array(1))[0]

  test('a map can be split, merged, changed and unmapped in parts', { skip }, async () => {
    await using device = await openDevice(numbered, { run: page })
    const whole = device.map({ length: 8 * page })
    const { start } = whole
    assert.equal(byteAt(whole, 0), 1)
    const rest = whole.splitOff(4 * page)
    const last = rest.splitOff(2 * page)
    assert.deepEqual([byteAt(whole, 3), byteAt(rest, 1), byteAt(last, 1)], [4, 6, 8])
    rest.unmap()
    assert.deepEqual([byteAt(whole, 2), byteAt(last, 0)], [3, 7])
    using between = device.map({
      length: page,
      offset: 20 * page,
      address: start + BigInt(4 * page),
      fixed: 'noreplace',
    })
    assert.equal(byteAt(between, 0), 21)
    const mutable = last.makeMut()
    mutable.bytes[1] = 99
    assert.equal(mutable.bytes[0], 7)
    mutable.unmap()
    const front = device.map({ length: 4 * page, offset: 8 * page })
    const back = front.splitOff(2 * page)
    front.merge(back)
    assert.equal(byteAt(front, 3), 12)
    front.unmap()
    whole.unmap()
  })

  test('a map shrinks, and grows where there is room, with its faults served', { skip }, async () => {
    await using device = await openDevice(numbered, { run: page })
    const memory = device.map({ length: 8 * page })
    assert.equal(byteAt(memory, 7), 8)
    memory.resize(2 * page)
    assert.deepEqual([memory.size, byteAt(memory, 1)], [2 * page, 2])
    memory.resize(6 * page)
    assert.deepEqual([byteAt(memory, 5), byteAt(memory, 4)], [6, 5])
    memory.unmap()
  })

  test('an unmap ends the waits in its range', { skip }, async () => {
    await using device = await openDevice(numbered, { driver: { delay: 200 }, run: page })
    const memory = device.map({ length: 4 * page })
    const reading = memory.readAsync(page, new Uint8Array(1))
    reading.catch(() => {})
    while (device.statistics.fills === 0) await sleep(1)
    memory.unmap()
    await assert.rejects(reading)
    using again = device.map({ length: 4 * page })
    assert.equal(again.bytes[page], 2)
  })

  test('a closed device keeps what is in memory, and fails the rest', { skip }, async () => {
    const device = await openDevice(numbered, { run: page })
    using memory = device.map({ length: 4 * page })
    assert.equal(memory.bytes[page], 2)
    await device.close()
    await device.close()
    assert.equal(device.state, 'closed')
    assert.equal(memory.bytes[page], 2)
    assert.throws(
      () => memory.access((bytes) => bytes[0]),
      (error: MemoryFault) => error.reason === 'driver' && (error.cause as VmError).code === 'ENODEV',
    )
  })

  test('closing aborts the driver and its waiters, and requests nothing more', { skip }, async () => {
    const patient = driverUrl(({ path }: { path: string }) => {
      let asked = 0
      return {
        mmap() {},
        fault: (fault) => {
          asked++
          return new Promise((_, reject) => fault.signal.addEventListener('abort', () => reject(new Error('aborted'))))
        },
        async close() {
          const fs = await import('node:fs')
          fs.writeFileSync(path, `asked ${asked} times`)
        },
      }
    })
    const path = temporaryFile()
    const device = await openDevice(patient, { driver: { path }, run: page })
    using memory = device.map({ length: page })
    const reading = memory.readAsync(0, new Uint8Array(1))
    reading.catch(() => {})
    while (device.statistics.waiting === 0) await sleep(1)
    const ready = device.ready(page, 64 * page)
    ready.catch(() => {})
    while (device.statistics.fills < 1 + 8) await sleep(1) // As many as are asked for at once.
    await device.close()
    await assert.rejects(reading, (error: MemoryFault) => (error.cause as VmError).code === 'ENODEV')
    await assert.rejects(ready, { code: 'ENODEV' })
    assert.equal(readFileSync(path, 'latin1'), 'asked 9 times')
  })

  test('opening ends with its signal, and so does a device', { skip }, async () => {
    const slow = driverUrl(() => new Promise(() => {}))
    const end = new AbortController()
    const opening = openDevice(slow, { signal: end.signal })
    await sleep(1)
    end.abort(new Error('never mind'))
    await assert.rejects(opening, /never mind/)
    const later = new AbortController()
    const device = await openDevice(numbered, { signal: later.signal })
    later.abort()
    await device.close()
    assert.equal(device.state, 'closed')
  })

  test('what is not closed or unmapped is freed when nothing refers to it', { skip }, async () => {
    await survives(
      `
    const open = async () => {
      const device = await vmarea.openDevice(args[0], { source: args[1] })
      const memory = device.map({ length: 64 * page })
      assert.equal(memory.bytes[page], 2)
      await device.close()
    }
    const descriptors = () => fs.readdirSync('/proc/self/fd').length
    const areas = () => fs.readFileSync('/proc/self/maps', 'latin1').match(/vmarea-device/g)?.length ?? 0
    await open()
    await settle()
    const before = descriptors()
    for (let round = 0; round < 3; round++) await open()
    for (let round = 0; descriptors() > before || areas() > 0; round++) {
      assert.ok(round < 100, 'descriptors: ' + before + ' and ' + descriptors() + '; areas: ' + areas())
      await settle(2)
    }
    `,
      { args: [numbered, source], timeout: 60_000 },
    )
  })

  test('a driver that can not be loaded fails the opening', { skip }, async () => {
    const failing = driverUrl(() => {
      throw new RangeError('not today')
    })
    await assert.rejects(openDevice(failing), /not today/)
    await assert.rejects(openDevice('data:text/javascript,export default 5'), { code: 'ERR_VMAREA_NOT_A_DRIVER' })
    await assert.rejects(openDevice('data:text/javascript,process.exit(4)'), { code: 'EIO' })
    await assert.rejects(openDevice('file:///no/such/module.js'), { code: 'ERR_VMAREA_NOT_A_DRIVER' })
    const opens = driverUrl(() => ({
      open() {
        throw new TypeError('no opening')
      },
    }))
    await assert.rejects(
      openDevice(opens),
      (error: VmError) => error.code === 'EIO' && error.cause instanceof TypeError,
    )
  })
})
