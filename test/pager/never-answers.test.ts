// A hook that neither answers nor heeds its signal keeps nobody from the page for longer than one timeout.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import * as vmarea from '../published/index.js'
import { type MemoryFault, pageSize, type VmError } from '../published/index.js'
import { mkfifoSync } from '../support/make-fifo.js'
import { survives } from '../support/run-in-child.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const page = pageSize()
const [ASKED, GO_ON, WRITTEN] = [0, 1, 2]

/** The first question of all has no answer until `control` says so; then it is answered with 99. Others are answered with 5 and their page. */
const stuck = driverUrl(({ control }: { control: Int32Array }) => {
  const [ASKED, GO_ON, WRITTEN] = [0, 1, 2]
  return {
    size: 16 * page,
    mmap() {},
    fault(fault) {
      if (Atomics.add(control, ASKED, 1) > 0) {
        for (let at = 0; at < fault.bytes.length; at += page) {
          fault.bytes.fill(5 + (fault.offset + at) / page, at, at + page)
        }
        return
      }
      const { bytes } = fault
      bytes.fill(98)
      return new Promise<void>((resolve) => {
        const look = setInterval(() => {
          if (Atomics.load(control, GO_ON) === 0) return
          clearInterval(look)
          bytes.fill(99)
          fault.bytes.fill(99)
          Atomics.store(control, WRITTEN, 1)
          resolve()
        }, 1)
      })
    },
  }
})

/** Its first answer comes from a pipe, and goes right to where the pages are. */
const reading = driverUrl(async ({ fifo }: { fifo: string }) => {
  const { read, openSync } = await import('node:fs')
  let asked = 0
  let outcome = 1
  return {
    size: 16 * page,
    mmap() {},
    fault(fault) {
      if (fault.offset >= 8 * page) return void fault.bytes.fill(outcome)
      if (asked++ > 0) return void fault.bytes.fill(5)
      return new Promise<void>((resolve) => {
        read(openSync(fifo, 'r+'), fault.bytes, 0, fault.bytes.length, null, () => {
          outcome = 2
          resolve()
        })
      })
    },
  }
})

const isTimeout = (error: MemoryFault) => error.reason === 'driver' && (error.cause as VmError).code === 'ETIMEDOUT'

eachSource(vmarea, ({ openDevice, source, skip }) => {
  for (const pages of [1, 4]) {
    const run = pages * page
    test(`the next touch asks the driver again, and the first answer is ignored: ${pages} pages at once`, {
      skip,
    }, async () => {
      const control = new Int32Array(new SharedArrayBuffer(12))
      await using device = await openDevice(stuck, { driver: { control }, run, timeout: 200 })
      using memory = device.map()
      const numbers = () => Array.from({ length: 5 }, (_, number) => memory.access((bytes) => bytes[number * page + 9]))
      assert.throws(() => memory.access((bytes) => bytes[9]), isTimeout)
      assert.deepEqual(numbers(), [5, 6, 7, 8, 9])
      const asked = Atomics.load(control, ASKED)
      Atomics.store(control, GO_ON, 1)
      await until('the first has answered', () => Atomics.load(control, WRITTEN) === 1)
      assert.deepEqual(numbers(), [5, 6, 7, 8, 9])
      assert.equal(Atomics.load(control, ASKED), asked)
      // The pages are as good as any others from then on.
      await device.invalidate()
      assert.deepEqual(numbers(), [5, 6, 7, 8, 9])
      await device.invalidate()
      await device.ready()
      assert.deepEqual(numbers(), [5, 6, 7, 8, 9])
      const { waiting, timeouts, bytesResident } = device.statistics
      assert.deepEqual([device.state, waiting, timeouts, bytesResident], ['serving', 0, 1, 16 * page])
    })
  }

  test('a question that was withdrawn keeps no page', { skip }, async () => {
    const control = new Int32Array(new SharedArrayBuffer(12))
    await using device = await openDevice(stuck, { driver: { control }, run: 4 * page, timeout: 60_000 })
    using memory = device.map()
    const end = new AbortController()
    const wait = device.ready(0, page, { signal: end.signal })
    await until('it is asked', () => Atomics.load(control, ASKED) === 1)
    end.abort(new Error('enough'))
    await assert.rejects(wait, /enough/)
    await until('it is withdrawn', () => device.statistics.waiting === 0)
    await device.ready(0, 2 * page)
    assert.equal(
      memory.access((bytes) => bytes[page]),
      6,
    )
  })

  test('what a system call reads for the first question, when the page has been given, goes nowhere', {
    skip,
  }, async () => {
    const fifo = join(temporaryFolder, `never-${source}`)
    mkfifoSync(fifo)
    await survives(
      `
      const [url, source, fifo] = args
      const device = await vmarea.openDevice(url, { driver: { fifo }, source, run: 4 * page, timeout: 200 })
      const memory = device.map()
      assert.throws(() => memory.access((bytes) => bytes[0]), { reason: 'driver' })
      assert.deepEqual([...new Set(memory.access((bytes) => bytes.slice(0, 4 * page)))], [5])
      fs.writeFileSync(fifo, new Uint8Array(4 * page).fill(99))
      await until('the call has returned', async () => {
        await device.invalidate(8 * page, 4 * page)
        return memory.read(8 * page, new Uint8Array(1))[0] === 2
      })
      assert.deepEqual([...new Set(memory.access((bytes) => bytes.slice(0, 4 * page)))], [5])
      await device.invalidate()
      assert.deepEqual([...new Set(memory.access((bytes) => bytes.slice(0, 4 * page)))], [5])
      await device.close()
      memory.unmap()
      `.replace('async () => {\n        await', '() => {\n        void'),
      { args: [reading, source, fifo] },
    )
  })
})
