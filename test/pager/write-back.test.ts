// Pages that programs write to a device reach its driver, whatever happens meanwhile.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '../differential/random.js'
import * as vmarea from '../published/index.js'
import { type Device, type MmapMut, pageSize } from '../published/index.js'
import { seed } from '../support/seed.js'
import { startedThreads } from '../support/started-threads.js'
import { until } from '../support/until.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const page = pageSize()
const PAGES = 256
const LIMIT = 48 * page
const random = new Random(seed)

interface Storing {
  readonly stored: Uint8Array
  /** Whether calls of the hook wait, for ever. */
  readonly hold: Int32Array
  /** Milliseconds that a call takes, at most; 0 is at once. */
  readonly slow: number
  /** Each such call refuses; 0 is none. */
  readonly refuse: number
}

/** Keeps its pages in memory that the test shares. */
const storing = driverUrl(({ stored, hold, slow, refuse }: Storing) => {
  let calls = 0
  const keep = (offset: number, bytes: Uint8Array) => stored.set(bytes, offset)
  return {
    size: stored.length,
    mmap() {},
    fault({ offset, bytes }) {
      bytes.set(stored.subarray(offset, offset + bytes.length))
    },
    writeback({ offset, bytes }) {
      Atomics.add(hold, 1, 1)
      if (Atomics.load(hold, 0) === 1) return new Promise<void>(() => {})
      if (refuse > 0 && ++calls % refuse === 0) throw new Error('not now')
      if (slow === 0) return keep(offset, bytes)
      return new Promise<void>((resolve) => setTimeout(resolve, 1 + (calls % slow))).then(() => keep(offset, bytes))
    },
  }
})

eachSource(vmarea, ({ openDevice, skip }) => {
  const open = async ({ slow = 0, refuse = 0, residentLimit = LIMIT, timeout = 120_000 }) => {
    const stored = new Uint8Array(new SharedArrayBuffer(PAGES * page))
    const hold = new Int32Array(new SharedArrayBuffer(8))
    const device = await openDevice(storing, { driver: { stored, hold, slow, refuse }, residentLimit, timeout })
    const memory = device.map({ protection: 'write', shared: true })
    return { device, memory, stored, hold }
  }

  /** Adds one to random words on many threads at once: a page has a word for each writer. Returns what the words must be. */
  const write = async (
    { memory, device }: { memory: MmapMut; device: Device },
    rounds: number,
  ): Promise<Uint32Array> => {
    const WRITERS = 6
    const expected = new Uint32Array((PAGES * page) / 4)
    const writer = async (index: number) => {
      const word = new Uint32Array(1)
      for (let round = 0; round < rounds; round++) {
        const at = (random.below(PAGES) * page) / 4 + index
        await memory.readAsync(at * 4, word)
        assert.equal(word[0], expected[at], `word ${at} before round ${round}`)
        word[0] = ++expected[at]!
        await memory.writeAsync(at * 4, word)
        assert.ok(device.statistics.bytesResident <= LIMIT + 16 * page)
      }
    }
    await Promise.all(Array.from({ length: WRITERS }, (_, index) => writer(index)))
    return expected
  }

  const check = (stored: Uint8Array, expected: Uint32Array) => {
    const words = new Uint32Array(stored.buffer)
    for (let at = 0; at < words.length; at++) assert.equal(words[at], expected[at], `word ${at}`)
  }

  for (const [slow, refuse, how] of [
    [0, 0, 'at once'],
    [3, 0, 'later'],
    [2, 5, 'later, and now and then refuses'],
  ] as const) {
    test(`writers lose no byte while pages are written back and dropped by a driver that answers ${how}`, {
      skip,
    }, async () => {
      const opened = await open({ slow, refuse })
      const { device, memory, stored } = opened
      const expected = await write(opened, 80)
      // Each flush tries all pages, and reports a refusal.
      for (let tries = 0; device.statistics.bytesUnwritten > 0; tries++) {
        assert.ok(tries < 100)
        await memory.flush().catch((error) => assert.equal(error.code, 'EIO'))
      }
      check(stored, expected)
      await device.close()
      memory.unmap()
    })
  }

  test('a device that is full of unwritten pages restarts and loses none', { skip }, async () => {
    const { device, memory, stored } = await open({})
    const second = device.map({ protection: 'write', shared: true })
    for (let round = 1; round <= 3; round++) {
      // The next thread takes the first pages for the oldest: those that were written last, none beside another.
      for (let at = PAGES - 2; at >= 0; at -= 2) {
        const written = at % 4 === 0 ? memory : second
        written.write(at * page, new Uint8Array([at, round]))
      }
      assert.ok(device.statistics.bytesUnwritten > 0)
      await device.restart()
      for (let at = 0; at < PAGES; at += 2) {
        assert.deepEqual([...memory.read(at * page, new Uint8Array(2))], [at, round], `page ${at}`)
      }
    }
    await memory.flush()
    for (let at = 0; at < PAGES; at += 2) assert.deepEqual([...stored.subarray(at * page, at * page + 2)], [at, 3])
    await device.close()
    memory.unmap()
    second.unmap()
  })

  test('the pages that a thread has not written back when it ends are those of the next one', { skip }, async () => {
    const { device, memory, stored, hold } = await open({ residentLimit: Infinity })
    memory.write(5 * page, new Uint8Array([51]))
    await memory.flush()
    memory.write(6 * page, new Uint8Array([61]))
    memory.write(7 * page, new Uint8Array([71]))
    Atomics.store(hold, 0, 1)
    Atomics.store(hold, 1, 0)
    const flushed = memory.flush(6 * page, page)
    const failed = assert.rejects(flushed, { code: 'EIO' })
    await until('the hook was called', () => Atomics.load(hold, 1) > 0)
    stored.fill(0, 5 * page, 6 * page)
    await startedThreads.at(-1)!.terminate()
    await failed
    await until('the thread has ended', () => device.state === 'dead')
    await assert.rejects(memory.flush(), { code: 'EIO' })
    Atomics.store(hold, 0, 0)
    await device.restart()
    assert.equal(device.statistics.bytesUnwritten, 2 * page)
    await memory.flush()
    assert.deepEqual([stored[5 * page], stored[6 * page], stored[7 * page]], [0, 61, 71])
    memory.write(6 * page, new Uint8Array([62]))
    await device.close()
    assert.equal(stored[6 * page], 62)
    memory.unmap()
  })

  test('closing a device whose thread has ended reports what it lost', { skip }, async () => {
    const { device, memory } = await open({ residentLimit: Infinity })
    memory.write(0, new Uint8Array([1]))
    await startedThreads.at(-1)!.terminate()
    await until('the thread has ended', () => device.state === 'dead')
    await assert.rejects(device.close(), { code: 'EIO', message: new RegExp(`${page} bytes .* are lost`) })
    await device.close()
    memory.unmap()
  })
})
