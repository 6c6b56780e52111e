// What is fetched before a guest demands it: all of its memory, and recorded working sets.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  fileSource,
  type Guest,
  mergeWorkingSets,
  type PageSource,
  readWorkingSet,
  type WorkingSet,
} from '#vmarea/guests.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'
import { skipWithout, skipWithoutCompiler } from '../userfaultfd/skip.js'
import { counted } from './counted.js'
import { memoryFile } from './memory-file.js'
import { memoryObject } from './memory-object.js'
import { serveMonitor as served } from './serve-monitor.js'

const skip = skipWithout('poison', 'event_remove') || skipWithoutCompiler()
const page = 4096
let count = 0

const good = (pages: number) => ({ good: pages, zero: 0, other: 0, poisoned: 0 })

test('all of the memory is prefetched while the guest runs', { skip }, async () => {
  for (const source of [fileSource(memoryFile(512)), memoryObject(512)]) {
    await served(['regions=500,12'], source, {}, async (monitor, guest) => {
      await Promise.all([guest.prefetchAll(), monitor.check(100, 50)])
      await counted(guest, { resident: 512 })
      await monitor.check(0, 1)
      const { faults } = guest.statistics
      assert.deepEqual(await monitor.check(0, 512), good(512))
      assert.ok(guest.statistics.faults <= faults + 1, 'nothing is missing any more')
    })
  }
})

test('a prefetch reads more than the bytes around a fault at once, and no further than there is room', {
  skip,
}, async () => {
  let most = 0
  const source = memoryObject(256)
  const watched: PageSource = {
    ...source,
    read(offset, target) {
      most = Math.max(most, target.length)
      return source.read(offset, target)
    },
  }
  for (const atOnce of [1, 256]) {
    await served(['regions=256'], watched, { around: page, atOnce, prefetch: 'all' }, async (monitor, guest) => {
      await guest.prefetchAll()
      assert.deepEqual(await monitor.check(0, 256), good(256))
    })
  }
  assert.equal(most, 16 * page)
})

test('a fault on a page that is to be prefetched brings its neighbours that are, in one read', { skip }, async () => {
  const source = memoryObject(64)
  const reads: number[][] = []
  let letGo = () => {}
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const watched: PageSource = {
    ...source,
    async read(offset, target) {
      reads.push([offset / page, target.length / page])
      if (offset === 0) await held
      source.read(offset, target)
    },
  }
  const ranges = [
    [0, page],
    [32 * page, 36 * page],
    [37 * page, 38 * page],
  ] as const
  const set: WorkingSet = { version: 1, identity: null, ranges }
  // There is room for one read of the prefetch: page 0 takes it.
  await served(['regions=64'], watched, { around: page, atOnce: 2, prefetch: set }, async (monitor, guest) => {
    await until('page 0 is read', () => reads.length > 0)
    assert.deepEqual(await monitor.check(34, 1), good(1))
    assert.deepEqual(await monitor.check(50, 1), good(1))
    letGo()
    await guest.prefetchAll()
    assert.deepEqual(await monitor.check(0, 64), good(64))
  })
  const first = [
    [0, 1],
    [32, 4],
    [50, 1],
  ]
  assert.deepEqual(reads.slice(0, 3), first)
})

test('a prefetch reads neighbours of a set at once, wherever they are in it', { skip }, async () => {
  const source = memoryObject(64)
  const reads: number[][] = []
  const watched: PageSource = {
    ...source,
    read(offset, target) {
      reads.push([offset / page, target.length / page])
      return source.read(offset, target)
    },
  }
  const pages = [40, 9, 31, 41, 8, 20, 32, 10]
  const ranges = pages.map((number) => [number * page, (number + 1) * page] as const)
  const set: WorkingSet = { version: 1, identity: null, ranges }
  await served(['regions=64'], watched, { around: page, prefetch: set }, async (monitor, guest) => {
    await until('the set is there', () => guest.statistics.prefetched === pages.length)
    assert.deepEqual(await monitor.check(0, 64), good(64))
  })
  const first = [
    [40, 2],
    [8, 3],
    [31, 2],
    [20, 1],
  ]
  assert.deepEqual(reads.slice(0, first.length), first)
})

test('faults in order bring more and more behind them, and others what is around them alone', { skip }, async () => {
  const around = 2 * page
  for (const source of [fileSource(memoryFile(512)), memoryObject(512)]) {
    await served(['regions=512'], source, { around }, async (monitor, guest) => {
      for (const number of [500, 300, 100, 200, 50]) assert.deepEqual(await monitor.check(number, 1), good(1))
      await counted(guest, { faults: 5, resident: 10, prefetched: 0 })
      assert.deepEqual(await monitor.check(300, 200), good(200))
      const { faults } = guest.statistics
      assert.ok(faults - 5 < 60, `200 pages in order took ${faults - 5} faults`)
    })
    // What is recorded is what the guest demands, and one page means one page.
    for (const options of [{ around, record: true }, { around: page }]) {
      const faults = 64 / (options.around / page)
      await served(['regions=512'], source, options, async (monitor, guest) => {
        assert.deepEqual(await monitor.check(0, 64), good(64))
        await counted(guest, { faults, resident: 64, prefetched: 0 })
      })
    }
  }
})

test('what a guest demands is recorded in order, and a later one has it before it asks', { skip }, async () => {
  const record = join(temporaryFolder, `set-${count++}`)
  const source = fileSource(memoryFile(256))
  await served(['regions=256'], source, { around: page, record }, async (monitor) => {
    await monitor.check(200, 3)
    await monitor.check(7, 1)
    await monitor.check(100, 20)
  })
  const set = await until('the set is written', () => readWorkingSet(record).catch(() => undefined))
  const ranges = [
    [200, 203],
    [7, 8],
    [100, 120],
  ].map((range) => range.map((number) => number * page))
  assert.deepEqual(set.ranges, ranges)
  await served(['regions=256'], source, { around: page, prefetch: record }, async (monitor, guest) => {
    await until('the set is there', () => guest.statistics.prefetched === 24)
    await monitor.check(200, 3)
    await monitor.check(100, 20)
    await counted(guest, { faults: 0, resident: 24 })
  })
  await assert.rejects(
    served(['regions=256'], fileSource(memoryFile(256)), { prefetch: record }, async () => {}),
    { code: 'ERR_VMAREA_OTHER_SNAPSHOT' },
  )
})

test('a file that is no set is refused, and a set that reaches past the memory is fetched as far as it goes', {
  skip,
}, async () => {
  const path = join(temporaryFolder, `set-${count++}`)
  const set = { vmarea: 'working-set', version: 1, identity: null, ranges: [[0, page]] }
  const wrong = [
    { ...set, vmarea: 'other' },
    { ...set, version: 2 },
    { ...set, ranges: [[page, 0]] },
    { ...set, ranges: [[-page, page]] },
    { ...set, ranges: [[0, page, page]] },
    { ...set, ranges: 'all' },
    null,
  ].map((value) => JSON.stringify(value))
  for (const text of [...wrong, '', 'no JSON', JSON.stringify(set).slice(0, -1)]) {
    writeFileSync(path, text)
    await assert.rejects(readWorkingSet(path), { code: 'ERR_VMAREA_INVALID_ARGUMENT', message: /is no working set/ })
  }
  const ranges = [
    [62 * page + 5, 2 ** 52],
    [2 ** 40, 2 ** 41],
    [7, 8],
  ]
  writeFileSync(path, JSON.stringify({ ...set, ranges }))
  await served(['regions=64'], memoryObject(64), { around: page, prefetch: path }, async (monitor, guest) => {
    await counted(guest, { prefetched: 3, resident: 3 })
    assert.deepEqual(await monitor.check(0, 64), good(64))
  })
})

test('a set that is not written to a file can be had after the guest has ended, and several are merged', {
  skip,
}, async () => {
  const source = fileSource(memoryFile(64))
  const sets: WorkingSet[] = []
  for (const pages of [
    [1, 2, 30],
    [40, 30, 50, 1, 55],
  ]) {
    let guest: Guest | undefined
    await served(['regions=64'], source, { around: page, record: true }, async (monitor, served) => {
      guest = served
      for (const number of pages) await monitor.check(number, 1)
      await monitor.kill()
      await served.closed
    })
    sets.push(guest!.workingSet())
  }
  const [first, second] = sets
  const range = (number: number, end = number + 1) => [number * page, end * page]
  assert.deepEqual(first!.ranges, [range(1, 3), range(30)])
  const merged = mergeWorkingSets(sets)
  assert.equal(merged.identity, first!.identity)
  // By the mean place in the runs that have the page: 0, (0 + 0.6) / 2, (0.5 + 0.2) / 2, 0.4, 0.8.
  assert.deepEqual(merged.ranges, [range(40), range(1, 3), range(30), range(50), range(55)])
  assert.deepEqual(mergeWorkingSets([second!, second!]).ranges, second!.ranges)
  assert.throws(() => mergeWorkingSets([first!, { ...second!, identity: 'other' }]), {
    code: 'ERR_VMAREA_OTHER_SNAPSHOT',
  })
})
