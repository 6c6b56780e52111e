// A stand-in monitor's memory, served from sources of all kinds.
import assert from 'node:assert/strict'
import { truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { packFile } from '#vmarea/devices/blocks.js'
import {
  fileSource,
  type Guest,
  type GuestSource,
  httpSource,
  layerSources,
  listenForGuests,
  type PageSource,
  packedSource,
  type ServeOptions,
  zeroSource,
} from '#vmarea/guests.js'
import { raiseHugePages } from '../support/raise-huge-pages.js'
import { seed } from '../support/seed.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'
import { skipWithout, skipWithoutCompiler } from '../userfaultfd/skip.js'
import { counted } from './counted.js'
import { memoryFile } from './memory-file.js'
import { memoryObject } from './memory-object.js'
import { Monitor, patternOf } from './monitor.js'
import { serveMonitor } from './serve-monitor.js'

const skip = skipWithout('poison', 'event_remove') || skipWithoutCompiler()
const skipHuge = skip || raiseHugePages(4)
const page = 4096
let count = 0

/** Serves one monitor with these options, and looks at it until it has gone. */
function served(
  options: readonly string[],
  source: GuestSource | PageSource,
  serveOptions: ServeOptions,
  look: (monitor: Monitor, guest: Guest) => Promise<void>,
): Promise<void> {
  return serveMonitor(options, source, serveOptions, async (monitor, guest) => {
    await look(monitor, guest)
    await monitor.kill()
    assert.equal((await guest.closed).reason, 'gone')
  })
}

const good = (pages: number) => ({ good: pages, zero: 0, other: 0, poisoned: 0 })

test('a memory file is served to every page of several regions, with and without pages around', { skip }, async () => {
  for (const around of [1, 65536, 2 << 20]) {
    await served(['regions=40,1,23'], fileSource(memoryFile(64)), { around }, async (monitor, guest) => {
      assert.deepEqual(await monitor.check(0, 64), good(64))
      // Faults in order read ahead, with more than a page around.
      const [least, most] = around === 1 ? [64, 64] : [3, around === 65536 ? 6 : 3]
      await counted(guest, { resident: 64, pages: 64 })
      await until('each page and fault is counted, and reported', () => {
        const { filled, prefetched, faults } = guest.statistics
        const { kind, state, residentBytes, requests, bytesRead, latency } = guest.report()
        const answers = latency.reduce((sum, inIt) => sum + inIt, 0)
        const isReported = kind === 'guest' && state === 'serving' && requests === filled && answers === faults
        const areAll = filled + prefetched === 64 && residentBytes === 64 * page && bytesRead === 64 * page
        return isReported && areAll && faults >= least && faults <= most
      })
    })
  }
})

test('holes of a memory file are zeros, and in a diff the pages of its base', { skip }, async () => {
  const base = memoryFile(32)
  const diff = join(temporaryFolder, `diff-${count++}`)
  writeFileSync(diff, '')
  truncateSync(diff, 32 * page)
  const zeros = { good: 0, zero: 32, other: 0, poisoned: 0 }
  await served(['regions=32'], fileSource(diff), {}, async (monitor) => {
    assert.deepEqual(await monitor.check(0, 32), zeros)
  })
  await served(['regions=32'], layerSources([fileSource(diff), fileSource(base)]), {}, async (monitor) => {
    assert.deepEqual(await monitor.check(0, 32), good(32))
  })
  await served(['regions=32'], layerSources([zeroSource(8 * page), fileSource(base)]), {}, async (monitor) => {
    assert.deepEqual(await monitor.check(0, 8), { ...zeros, zero: 8 })
    assert.deepEqual(await monitor.check(8, 24), good(24))
  })
  const ranges = [
    [0, 2 * page],
    [8 * page, 9 * page],
  ] as const
  await served(
    ['regions=32'],
    layerSources([zeroSource(16 * page, { ranges }), fileSource(base)]),
    {},
    async (monitor) => {
      const pages: string[] = []
      for (let first = 0; first < 32; first++) {
        const { zero, good } = await monitor.check(first, 1)
        pages.push(zero === 1 ? 'zero' : good === 1 ? 'good' : 'wrong')
      }
      const known = (number: number) => (number < 2 || number === 8 ? 'zero' : 'good')
      assert.deepEqual(
        pages,
        Array.from({ length: 32 }, (_, number) => known(number)),
      )
    },
  )
  for (const wrong of [
    [[2, 2]],
    [[0, 2 * page + 1]],
    [
      [page, 2 * page],
      [0, page],
    ],
    [[-1, 1]],
  ] as [number, number][][]) {
    assert.throws(() => zeroSource(2 * page, { ranges: wrong }), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
  }
})

test("a program's own source is read at once for many faults, and put together with layers", { skip }, async () => {
  let inFlight = 0
  let most = 0
  const held: (() => void)[] = []
  const bytes = patternOf(64)
  const slow: PageSource = {
    size: 64 * page,
    async read(offset, target) {
      most = Math.max(most, ++inFlight)
      await new Promise<void>((resolve) => held.push(resolve))
      target.set(bytes.subarray(offset, offset + target.length))
      inFlight--
    },
  }
  await served(['regions=64'], slow, { around: page }, async (monitor) => {
    const checks = [0, 16, 32, 48].map((first) => monitor.check(first, 1))
    await until('four reads in flight', () => most === 4)
    for (const resolve of held.splice(0)) resolve()
    for (const check of checks) assert.deepEqual(await check, good(1))
    const rest = monitor.check(0, 64)
    const timer = setInterval(() => held.splice(0).forEach((resolve) => void resolve()), 1)
    assert.deepEqual(await rest, good(64))
    clearInterval(timer)
  })
  const layers = layerSources([{ ...memoryObject(8) }, fileSource(memoryFile(64))])
  await served(['regions=64'], layers, {}, async (monitor) => assert.deepEqual(await monitor.check(0, 64), good(64)))
})

test('guests with huge pages are served from files, from layers that split a page, and from a program', {
  skip: skipHuge,
}, async () => {
  const file = memoryFile(1024)
  const upper = memoryObject(100)
  const sources = [fileSource(file), memoryObject(1024), layerSources([upper, fileSource(file)])]
  for (const source of sources) {
    await served(['regions=2', 'huge'], source, {}, async (monitor, guest) => {
      assert.equal(guest.pageSize, 2 << 20)
      assert.deepEqual(await monitor.check(0, 2), good(2))
    })
  }
})

test('pages that the guest gives back are zeros, whatever the source has', { skip }, async () => {
  for (const removed of ['zero', 'unregister'] as const) {
    await served(['regions=64'], fileSource(memoryFile(64)), { removed }, async (monitor, guest) => {
      assert.deepEqual(await monitor.check(0, 8), good(8))
      await monitor.ask('remove', 4, 20)
      assert.deepEqual(await monitor.check(0, 64), { good: 44, zero: 20, other: 0, poisoned: 0 })
      await counted(guest, { removed: 20 })
    })
  }
})

test('while a balloon removes pages that the guest touches, no old byte is read and no access hangs', {
  skip,
}, async () => {
  for (const source of [fileSource(memoryFile(64)), memoryObject(64)]) {
    for (const removed of ['zero', 'unregister'] as const) {
      await served(['regions=64'], source, { removed }, async (monitor) => {
        assert.deepEqual(await monitor.ask('race', 0, 64, 200, seed), { old: 0, left: 0 })
      })
    }
  }
})

test('a page whose source fails is tried again, and then poisoned alone', { skip }, async () => {
  const failed: number[] = []
  let failures = 0
  const source = memoryObject(64)
  const failing: PageSource = {
    ...source,
    read(offset, target) {
      if (offset === 3 * page) throw new Error('no such page')
      if (offset === 9 * page && failures++ < 2) throw new Error('not yet')
      return source.read(offset, target)
    },
  }
  await served(['regions=64'], failing, { around: page }, async (monitor, guest) => {
    guest.onPageFailed = ({ offset }) => failed.push(offset)
    assert.deepEqual(await monitor.check(0, 64), { good: 63, zero: 0, other: 0, poisoned: 1 })
    await counted(guest, { failed: 1 })
  })
  assert.deepEqual([failed, failures], [[3 * page], 3])
})

test('a page that a source can not read fails alone, though it was asked for with its neighbours', {
  skip,
}, async () => {
  const source = memoryObject(64)
  const holed: PageSource = {
    ...source,
    async read(offset, target) {
      if (offset <= 40 * page && offset + target.length > 40 * page) throw new Error('a bad sector')
      return source.read(offset, target)
    },
  }
  for (const ahead of [{}, { prefetch: 'all' }] as const) {
    await served(['regions=64'], holed, { around: 65536, ...ahead }, async (monitor, guest) => {
      assert.deepEqual(await monitor.check(0, 64), { good: 63, zero: 0, other: 0, poisoned: 1 })
      await counted(guest, { failed: 1 })
    })
  }
})

test('a huge page whose source fails is poisoned whole, and every thread that waits for it gets SIGBUS', {
  skip: skipHuge,
}, async () => {
  const failing: PageSource = {
    ...memoryObject(1024),
    async read() {
      throw new Error('no such page')
    },
  }
  await served(['regions=2', 'huge'], failing, {}, async (monitor, guest) => {
    const checks = Array.from({ length: 4 }, () => monitor.check(1, 1))
    for (const check of checks) assert.deepEqual(await check, { good: 0, zero: 0, other: 0, poisoned: 1 })
    await counted(guest, { failed: 1 })
  })
})

test('a source that never answers fails its page after the time limit, and a file that was truncated at once', {
  skip,
}, async () => {
  const source = memoryObject(64)
  const never: PageSource = {
    ...source,
    read: (offset, target) => (offset === 0 ? new Promise(() => {}) : source.read(offset, target)),
  }
  await served(['regions=64'], never, { around: page, timeout: 100 }, async (monitor) => {
    assert.deepEqual(await monitor.check(0, 1), { good: 0, zero: 0, other: 0, poisoned: 1 })
  })
  const path = memoryFile(64)
  await served(['regions=64'], fileSource(path), {}, async (monitor) => {
    truncateSync(path, 40 * page)
    assert.deepEqual(await monitor.check(0, 64), { good: 40, zero: 0, other: 0, poisoned: 24 })
  })
})

test('a packed file, an object on a web server and a driver are sources, alone and in layers', { skip }, async () => {
  const bytes = patternOf(64)
  const packed = `${memoryFile(64)}.gz`
  await packFile(packed.slice(0, -3), packed)
  const server = createServer((request, response) => {
    const [, first, last] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? []
    const head = { etag: '"1"', 'accept-ranges': 'bytes' }
    if (first === undefined)
      return response
        .writeHead(200, { ...head, 'content-length': bytes.length })
        .end(request.method === 'HEAD' ? undefined : bytes)
    const part = bytes.subarray(Number(first), Number(last) + 1)
    const range = `bytes ${first}-${Number(first) + part.length - 1}/${bytes.length}`
    return response.writeHead(206, { ...head, 'content-range': range, 'content-length': part.length }).end(part)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/memory`
    const diff = join(temporaryFolder, `diff-${count++}`)
    writeFileSync(diff, bytes.subarray(0, 20 * page))
    for (const source of [
      packedSource(packed),
      httpSource({ url }),
      layerSources([fileSource(diff), httpSource({ url })]),
    ]) {
      await served(['regions=64'], source, {}, async (monitor) => {
        assert.deepEqual(await monitor.check(0, 64), good(64))
      })
      await served(['regions=64'], source, { around: page, prefetch: 'all' }, async (monitor, guest) => {
        await guest.prefetchAll()
        assert.deepEqual(await monitor.check(0, 64), good(64))
      })
    }
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test('onPageFailure kill ends the monitor instead', { skip }, async () => {
  const broken: PageSource = {
    size: 64 * page,
    read() {
      throw new Error('no such page')
    },
  }
  await served(['regions=64'], broken, { onPageFailure: 'kill' }, async (monitor) => {
    monitor.check(0, 1).catch(() => {})
    assert.equal((await monitor.ended).signal, 'SIGKILL')
  })
})

test('a source that ends before the memory is refused, and another one may be taken', { skip }, async () => {
  const path = join(temporaryFolder, `guests-${count++}`)
  await using guests = await listenForGuests(path)
  await using monitor = new Monitor(path, ['regions=64'])
  for await (const guest of guests) {
    await assert.rejects(guest.serve(fileSource(memoryFile(63))), { code: 'ERR_VMAREA_SOURCE_TOO_SHORT' })
    await assert.rejects(guest.serve(fileSource(join(temporaryFolder, 'nothing'))), { code: 'ENOENT' })
    await assert.rejects(guest.serve(zeroSource(64 * page), { around: 3 }), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
    await guest.serve(memoryObject(100))
    await assert.rejects(guest.serve(zeroSource(64 * page)), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
    assert.deepEqual(await monitor.check(0, 64), good(64))
    break
  }
})
