// Which pages a guest wrote, and the diff of its snapshot: with each kind of write protection that a monitor may have asked for.
import assert from 'node:assert/strict'
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  type DirtyRun,
  fileSource,
  type Guest,
  type GuestSource,
  layerSources,
  listenForGuests,
  type PageSource,
  type ServeOptions,
  zeroSource,
} from '#vmarea/guests.js'
import type { VmError } from '#vmarea/index.js'
import { raiseHugePages } from '../support/raise-huge-pages.js'
import { seed } from '../support/seed.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { skipUnlessRoot, skipWithout, skipWithoutCompiler } from '../userfaultfd/skip.js'
import { memoryFile } from './memory-file.js'
import { Monitor, patternOf } from './monitor.js'
import { serveMonitor } from './serve-monitor.js'

const skip = skipWithout('poison', 'event_remove', 'pagefault_flag_wp') || skipWithoutCompiler() || skipUnlessRoot()
const skipAsync = skip || skipWithout('wp_async')
const skipHuge = skip || skipWithout('wp_hugetlbfs_shmem') || raiseHugePages(4)
const page = 4096
let count = 0
let random = seed | 1

function below(limit: number): number {
  random = Math.imul(random ^ (random >>> 15), 0x2c1b3c6d) + 0x9e3779b9
  return (random >>> 0) % limit
}

function served(
  options: readonly string[],
  source: GuestSource | PageSource,
  serveOptions: ServeOptions,
  look: (monitor: Monitor, guest: Guest) => Promise<void>,
): Promise<void> {
  return serveMonitor(options, source, { dirty: true, around: 16384, ...serveOptions }, look)
}

/** The memory of a monitor's regions, one after another: what is missing is asked for. */
async function contents(monitor: Monitor): Promise<Buffer> {
  const { message, pages } = await monitor.ready
  await monitor.check(0, pages)
  const memory = openSync(`/proc/${monitor.pid}/mem`, 'r')
  const parts = message.map(({ base_host_virt_addr: start, size }) => {
    const part = Buffer.alloc(size)
    readSync(memory, part, 0, size, start)
    return part
  })
  closeSync(memory)
  return Buffer.concat(parts)
}

function runsOf(pages: Iterable<number>, pageSize = page): DirtyRun[] {
  const runs: [number, number][] = []
  for (const number of [...pages].sort((one, other) => one - other)) {
    const last = runs.at(-1)
    if (last?.[1] === number * pageSize) last[1] += pageSize
    else runs.push([number * pageSize, (number + 1) * pageSize])
  }
  return runs
}

const kinds = [
  { name: 'whose monitor registered no write protection', words: [], skip },
  { name: 'whose monitor registered write protection', words: ['wp'], skip },
  { name: 'whose monitor registered wp_async', words: ['wp_async'], skip: skipAsync },
]

for (const { name, words, skip } of kinds) {
  test(`random writes and removals of a guest ${name} are its dirty pages, and its diff over the base is its memory`, {
    skip,
  }, async () => {
    const base = memoryFile(64)
    const layers: GuestSource[] = [fileSource(base)]
    const expected = new Set<number>()
    await served(['regions=40,24', ...words], layers[0]!, {}, async (monitor, guest) => {
      for (let step = 0; step < 60; step++) {
        const first = below(60)
        const pages = Array.from({ length: 1 + below(4) }, (_, index) => first + index)
        // A removal must not cross the regions.
        const run = first < 40 ? pages.filter((number) => number < 40) : pages
        const action = below(5)
        if (action === 0) await monitor.check(first, pages.length)
        else if (action < 3) await monitor.ask('write', first, pages.length, 1 + below(1000))
        else if (action === 3) await monitor.ask('remove', first, run.length)
        if (action === 1 || action === 2) for (const number of pages) expected.add(number)
        if (action === 3) for (const number of run) expected.add(number)
        if (below(8) > 0) continue
        const reset = below(2) === 0
        const diff = join(temporaryFolder, `diff-${count++}`)
        if (below(2) === 0) {
          assert.deepEqual(await guest.saveDiff(diff, { reset }), runsOf(expected))
          if (reset) layers.unshift(fileSource(diff))
        } else {
          assert.deepEqual(await guest.dirty(), runsOf(expected))
          continue
        }
        if (reset) expected.clear()
      }
      const diff = join(temporaryFolder, `diff-${count++}`)
      assert.deepEqual(await guest.saveDiff(diff), runsOf(expected))
      layers.unshift(fileSource(diff))
      const memory = await contents(monitor)
      await served(['regions=40,24'], layerSources(layers), { dirty: false }, async (next) => {
        assert.ok(memory.equals(await contents(next)), 'the next guest has the memory of this one')
      })
    })
  })
}

test('pages that a guest touches, or that could not be read, are not dirty, and a removed page is written as zeros', {
  skip: skipAsync,
}, async () => {
  for (const words of [[], ['wp_async']]) {
    const bytes = patternOf(32)
    const source: PageSource = {
      size: bytes.length,
      read(offset, target) {
        if (offset === 3 * page) throw new Error('no such page')
        target.set(bytes.subarray(offset, offset + target.length))
      },
    }
    await served(['regions=32', ...words], source, { around: page }, async (monitor, guest) => {
      assert.deepEqual(await monitor.check(0, 16), { good: 15, zero: 0, other: 0, poisoned: 1 })
      assert.deepEqual(await guest.dirty(), [])
      await monitor.ask('remove', 20, 2)
      const diff = join(temporaryFolder, `diff-${count++}`)
      assert.deepEqual(await guest.saveDiff(diff), runsOf([20, 21]))
      const { size, blocks } = statSync(diff)
      assert.equal(size, 32 * page)
      assert.ok(blocks > 0 && blocks * 512 < size, 'zeros are written, and the rest is holes')
      await monitor.ask('remove', 3, 1)
      assert.deepEqual(await guest.dirty({ reset: true }), runsOf([3, 20, 21]))
      assert.deepEqual(await monitor.check(20, 2), { good: 0, zero: 2, other: 0, poisoned: 0 })
      assert.deepEqual(await guest.dirty(), [])
      await monitor.ask('write', 21, 1, 5)
      assert.deepEqual(await guest.dirty(), runsOf([21]))
    })
  }
})

test('a diff of memory that the monitor has unmapped or replaced is refused by its range, and its pages stay dirty', {
  skip: skipAsync,
}, async () => {
  for (const how of ['unmap', 'replace']) {
    for (const words of [[], ['wp'], ['wp_async']]) {
      await served(['regions=8,8', ...words], fileSource(memoryFile(16)), {}, async (monitor, guest) => {
        await monitor.ask('write', 2, 10, 5)
        await monitor.ask(how, 9, 2)
        const diff = join(temporaryFolder, `diff-${count++}`)
        const start = guest.regions.find(({ offset }) => offset === 8 * page)!.start + page
        await assert.rejects(guest.saveDiff(diff, { reset: true }), (error: VmError) => {
          assert.equal(error.code, 'EFAULT')
          assert.equal(error.address, BigInt(start))
          assert.equal(error.length, 2 * page)
          assert.match(error.message, new RegExp(`0x${start.toString(16)} .* bytes ${9 * page} to ${11 * page} `))
          return true
        })
        assert.ok(!existsSync(diff))
        const left = await guest.dirty()
        assert.deepEqual([left[0]![0], left.at(-1)![1]], [2 * page, 12 * page], `${how} ${words}: ${left}`)
      })
    }
  }
})

test('memory of zeros and of huge pages is noted too', { skip: skipHuge }, async () => {
  for (const { words, source, size } of [
    { words: ['regions=16'], source: zeroSource(16 * page), size: page },
    { words: ['regions=16', 'wp'], source: zeroSource(16 * page), size: page },
    { words: ['regions=2', 'huge'], source: zeroSource(4 << 20), size: 2 << 20 },
  ]) {
    await served(words, source, {}, async (monitor, guest) => {
      await monitor.check(0, 2)
      assert.deepEqual(await guest.dirty(), [])
      await monitor.ask('write', 1, 1, 5)
      assert.deepEqual(await guest.dirty({ reset: true }), runsOf([1], size))
      await monitor.ask('write', 0, 2, 6)
      assert.deepEqual(await guest.dirty(), runsOf([0, 1], size))
    })
  }
})

test('a guest that is closed can still write to the pages that it has', { skip }, async () => {
  await served(['regions=8'], fileSource(memoryFile(8)), {}, async (monitor, guest) => {
    await monitor.check(0, 4)
    await guest.close()
    await monitor.ask('write', 0, 4, 5)
    assert.deepEqual(await monitor.check(0, 8), { good: 0, zero: 0, other: 4, poisoned: 4 })
    await assert.rejects(guest.dirty(), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
  })
})

test('a handler that takes a guest over knows what was written before, and a write that waits is answered', {
  skip: skipAsync,
}, async () => {
  for (const words of [[], ['wp_async']]) {
    const [name, state] = [`@vmarea-dirty-${process.pid}-${count++}`, join(temporaryFolder, `state-${count++}`)]
    const source = fileSource(memoryFile(32))
    await using guests = await listenForGuests(name, { onFailure: 'wait', state })
    await using monitor = new Monitor(name, ['regions=32', ...words])
    for await (const guest of guests) {
      await guest.serve(source, { dirty: true, around: page })
      await monitor.check(0, 10)
      await monitor.ask('write', 3, 2, 5)
      await monitor.ask('remove', 8, 1)
      await guest.close()
      break
    }
    const write = monitor.ask('write', 6, 1, 5)
    const guest = await guests.takeOver({ pid: monitor.pid, state })
    await guest.serve(source, { dirty: true, around: page })
    await write
    await monitor.ask('write', 20, 1, 5)
    assert.deepEqual(await guest.dirty(), runsOf([3, 4, 6, 8, 20]))
  }
})

test('what is dirty is refused where it can not be known', { skip }, async () => {
  const source = zeroSource(8 * page)
  await served(['regions=8'], source, { dirty: false }, async (_, guest) => {
    await assert.rejects(guest.dirty(), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
    await assert.rejects(guest.saveDiff('/nowhere'), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
  })
  await assert.rejects(
    served(['regions=8'], source, { removed: 'unregister' }, async () => {}),
    { code: 'ERR_VMAREA_INVALID_ARGUMENT' },
  )
  await served(['regions=8'], source, {}, async (monitor, guest) => {
    await monitor.ask('write', 2, 1, 5)
    await assert.rejects(guest.saveDiff(join(temporaryFolder, 'no', 'folder'), { reset: true }), { code: 'ENOENT' })
    assert.deepEqual(await guest.dirty(), runsOf([2]), 'a diff that failed leaves them dirty')
    await monitor.kill()
    await guest.closed
    await assert.rejects(guest.dirty(), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
  })
})
