import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import * as vmarea from '../published/index.js'
import { pageSize } from '../published/index.js'
import { patient } from '../support/patient.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

/** Counts its openings in the first number, and from the one in the second number on never has done. */
const counting = driverUrl((numbers: Int32Array) => ({
  size: 2 * page,
  open() {
    const number = Atomics.add(numbers, 0, 1) + 1
    Atomics.notify(numbers, 0)
    return number >= numbers[1]! ? new Promise<void>(() => setInterval(() => {}, 1000)) : undefined
  },
  mmap() {},
  fault(fault) {
    fault.bytes.fill(numbers[0]!)
  },
}))

/** Once it has given its last page it loops, between its hooks, until its thread is ended. */
const looping = driverUrl((number: Int32Array) => ({
  size: 2 * page,
  mmap() {},
  fault(fault) {
    fault.bytes.fill(3)
    if (fault.offset === 0) return
    setImmediate(() => {
      Atomics.store(number, 0, 1)
      Atomics.notify(number, 0)
      for (;;) Atomics.wait(number, 0, 1, 10)
    })
  },
}))

const numbersUpTo = (last: number) => new Int32Array(new SharedArrayBuffer(8)).fill(last, 1)

const page = pageSize()

const files = () =>
  readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith('/memfd:vmarea-')
    } catch {
      return false
    }
  }).length

eachSource({ ...vmarea, alike: true }, ({ openDevice, skip }) => {
  test('two restarts at once are one', { skip }, async () => {
    const numbers = numbersUpTo(100)
    const device = await openDevice(counting, { driver: numbers })
    const memory = device.map()
    await Promise.all([device.restart(), device.restart()])
    assert.equal(numbers[0], 2)
    assert.equal(memory.read(0, new Uint8Array(1))[0], 2)
    await device.restart()
    assert.equal(numbers[0], 3)
    await device.close()
    memory.unmap()
    assert.equal(files(), 0)
  })

  test('a device that is closed while its old thread is being ended is closed', { skip }, async () => {
    const device = await openDevice(counting, { driver: numbersUpTo(100) })
    const refused = assert.rejects(device.restart(), { code: 'ERR_VMAREA_DEVICE_CLOSED' })
    await device.close()
    await refused
    assert.equal(files(), 0)
  })

  test('a device that is closed while its driver restarts is closed', { skip }, async () => {
    const numbers = numbersUpTo(2)
    const device = await openDevice(counting, { driver: numbers })
    const refused = assert.rejects(device.restart(), { code: 'ERR_VMAREA_DEVICE_CLOSED' })
    while (Atomics.load(numbers, 0) < 2) await new Promise((resolve) => setImmediate(resolve))
    await device.close()
    await refused
    assert.equal(files(), 0)
  })

  test('a restart does not wait for a thread that loops', { skip }, async () => {
    const number = new Int32Array(new SharedArrayBuffer(4))
    await using device = await openDevice(looping, { driver: number, run: page, timeout: 600_000 })
    using memory = device.map()
    memory.read(page, new Uint8Array(1))
    Atomics.wait(number, 0, 0)
    const started = performance.now()
    await device.restart()
    const took = performance.now() - started
    assert.ok(took < patient(60_000), `${took} ms`)
    assert.equal(memory.read(0, new Uint8Array(1))[0], 3)
  })
})
