import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Region } from '#vmarea/kernel/region.js'
import { LinuxKernel } from '#vmarea/linux/linux-kernel.js'
import { adoptUserfaultfd } from '#vmarea/linux/userfaultfd/adopt-userfaultfd.js'
import { openFaultSource } from '#vmarea/pager/source/open-fault-source.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { UFFD_FEATURE } from '#vmarea/vocabulary/uffd-feature.js'
import { UFFD_MODE } from '#vmarea/vocabulary/uffd-mode.js'
import { skipWithout } from '../userfaultfd/skip.js'
import { PlainMemory, type PlainMemoryParts } from './support/plain-memory.js'

const kernel = new LinuxKernel()
const page = kernel.pageSize
const PAGES = 32
const skip = skipWithout('event_remove', 'poison')

interface Served {
  readonly memory: PlainMemory
  readonly region: Region
  /** What `fill` was asked for, in pages. */
  readonly asked: string[]
  /** A byte of a page, or why it can't be read. */
  read(at: number): Promise<number | string>
}

type Fill = PlainMemoryParts['fill']
const numbers: Fill = (offset, bytes) => {
  for (let at = 0; at < bytes.length; at += page) bytes.fill((offset + at) / page, at, at + page)
}

async function serve(
  run: (served: Served) => Promise<void>,
  fill: Fill = numbers,
  options: Partial<Pick<PlainMemoryParts, 'timeout' | 'run'>> = {},
): Promise<void> {
  const features = UFFD_FEATURE.EVENT_REMOVE | UFFD_FEATURE.POISON
  const opened = openFaultSource(kernel.userfaultfds, { name: undefined, features, guard: false, deadline: 60_000 })
  const raw = adoptUserfaultfd(opened.give().descriptor)
  const [length, rights] = [PAGES * page, PROT.READ | PROT.WRITE]
  const region = kernel.regions.mapRegion(0n, length, rights, MAP.PRIVATE | MAP.ANONYMOUS, -1, 0, page)
  raw.register(region.start, length, UFFD_MODE.MISSING)
  const asked: string[] = []
  const memory = new PlainMemory({
    raw,
    start: Number(region.start),
    length,
    pageSize: page,
    timeout: 60_000,
    run: { least: page, most: page },
    ...options,
    fill(offset, bytes) {
      asked.push(`${offset / page}+${bytes.length / page}`)
      return fill(offset, bytes)
    },
  })
  const read = async (at: number) => {
    const byte = new Uint8Array(1)
    const fault = await region.readAsync(at * page + 100, byte)
    return fault?.reason ?? byte[0]!
  }
  try {
    await run({ memory, region, asked, read })
  } finally {
    memory.close()
    region.unmap()
    raw.close()
    opened.close()
  }
}

test('plain private memory is filled at its first touch, once', { skip }, () =>
  serve(async ({ read, asked, memory }) => {
    assert.deepEqual(await Promise.all([read(3), read(7), read(3)]), [3, 7, 3])
    assert.equal(await read(3), 3)
    assert.deepEqual(asked.sort(), ['3+1', '7+1'])
    assert.equal(memory.counters.read().bytesFilled, 2 * page)
  }),
)

test('reading it from front to back asks for growing runs', { skip }, () =>
  serve(
    async ({ read, asked }) => {
      for (let at = 0; at < 20; at++) assert.equal(await read(at), at)
      assert.deepEqual(asked, ['0+1', '1+2', '3+4', '7+8', '15+8'])
    },
    async (offset, bytes) => {
      await turn()
      numbers(offset, bytes)
    },
    { run: { least: page, most: 8 * page } },
  ),
)

test('prefetch fills the missing pages of a range', { skip }, () =>
  serve(
    async ({ read, memory, asked }) => {
      await read(5)
      await memory.prefetch(0, 12 * page)
      assert.deepEqual(asked, ['5+1', '0+4', '4+1', '6+4', '10+2'])
      const { faults } = memory.counters.read()
      for (let at = 0; at < 12; at++) assert.equal(await read(at), at)
      assert.equal(memory.counters.read().faults, faults)
    },
    numbers,
    { run: { least: page, most: 4 * page } },
  ),
)

test('a fill that throws fails the accesses to its page, and no others of its run', { skip }, () =>
  serve(
    async ({ read }) => {
      assert.deepEqual([await read(0), await read(1), await read(2), await read(3)], [0, 1, 'poisoned', 3])
    },
    (offset, bytes) => {
      const [first, last] = [offset / page, (offset + bytes.length) / page]
      if (first <= 2 && last > 2) throw new RangeError('page 2 is broken')
      numbers(offset, bytes)
    },
    { run: { least: 4 * page, most: 4 * page } },
  ),
)

test('a fill that does not answer fails its accesses at the time limit', { skip }, () =>
  serve(
    async ({ read, memory }) => {
      assert.equal(await read(0), 'poisoned')
      assert.equal(memory.counters.read().timeouts, 1)
      assert.equal(await read(1), 1)
    },
    (offset, bytes) => (offset === 0 ? new Promise(() => {}) : numbers(offset, bytes)),
    { timeout: 300 },
  ),
)

test('memory that is dropped is filled again, and an answer of before is not used', { skip }, () => {
  let version = 1
  let release: (() => void) | undefined
  return serve(
    async ({ read, region, asked }) => {
      const first = read(4)
      while (release === undefined) await turn()
      // madvise waits until its event was read: it must not run on the thread that reads it.
      const dropped = region.madviseAsync(4 * page, page, MADV.DONTNEED)
      await dropped
      version = 2
      release()
      assert.equal(await first, 2)
      assert.deepEqual(asked, ['4+1', '4+1'])
    },
    async (_offset, bytes) => {
      bytes.fill(version)
      if (release !== undefined) return
      await new Promise<void>((resolve) => {
        release = resolve
      })
    },
  )
})

test('closing it fails the accesses that wait', { skip }, () =>
  serve(
    async ({ read, memory, asked }) => {
      const reading = read(2)
      while (asked.length === 0) await turn()
      memory.close()
      assert.equal(await reading, 'poisoned')
    },
    () => new Promise(() => {}),
  ),
)
