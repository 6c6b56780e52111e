// Sources that threads of their own read: modules, stores and drivers. And stores that the program has open.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { defineDevice } from '#vmarea/device.js'
import { packFile } from '#vmarea/devices/blocks.js'
import {
  driverSource,
  layerSources,
  listenForGuests,
  moduleSource,
  packedSource,
  storeSource,
  zeroSource,
} from '#vmarea/guests.js'
import { memoryStore, openPageStore, type PageStore } from '#vmarea/stores.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { skipWithout, skipWithoutCompiler } from '../userfaultfd/skip.js'
import { Monitor, patternOf } from './monitor.js'
import { serveMonitor } from './serve-monitor.js'

const skip = skipWithout('poison', 'event_remove') || skipWithoutCompiler()
const page = 4096
const PAGES = 64
const good = { good: PAGES, zero: 0, other: 0, poisoned: 0 }
const memory = join(temporaryFolder, 'memory')
writeFileSync(memory, patternOf(PAGES))
let count = 0

/** A module with this text, under a name of its own. */
function module(text: string): URL {
  const path = join(temporaryFolder, `module-${count++}.mjs`)
  writeFileSync(path, text)
  return pathToFileURL(path)
}

const reader = `
import { readFileSync } from 'node:fs'
export default (path) => {
  const bytes = readFileSync(path)
  return { size: bytes.length, identity: 'mine', read: (offset, target) => void bytes.copy(target, 0, offset, offset + target.length) }
}`

/** A store that has the pages of the memory file. */
const store = module(`
import { readFileSync } from 'node:fs'
export default {
  open(path, { pageSize }) {
    const bytes = readFileSync(path)
    return {
      pageSize,
      read: (pages, into) => pages.forEach((page, index) => bytes.copy(into, index * pageSize, page * pageSize, (page + 1) * pageSize)),
      write() {},
      free() {},
      close() {},
    }
  },
}`).href

const served = serveMonitor.bind(undefined, [`regions=${PAGES}`])

test('a module, a described store and a packed file serve a guest while the event loop of the program is busy', {
  skip,
}, async () => {
  const packed = join(temporaryFolder, 'memory.gz')
  await packFile(memory, packed)
  const sources = {
    module: moduleSource(module(reader), memory),
    store: storeSource({ module: store, options: memory }, { size: PAGES * page }),
    packed: packedSource(packed),
  }
  for (const [name, source] of Object.entries(sources)) {
    await served(source, { around: page }, async (monitor, guest) => {
      const check = monitor.check(0, PAGES)
      // Nothing is awaited: no callback of this thread runs.
      const deadline = performance.now() + 60_000
      while (guest.statistics.resident < PAGES && performance.now() < deadline);
      assert.equal(guest.statistics.resident, PAGES, name)
      assert.deepEqual(await check, good, name)
    })
  }
})

test('guests share the thread of a source, also one whose pages are put together with another source', {
  skip,
}, async () => {
  const source = moduleSource(module(reader), memory)
  await served(source, {}, async (monitor, guest) => {
    assert.deepEqual(await monitor.check(0, PAGES), good)
    await served(source, { around: page }, async (other) => assert.deepEqual(await other.check(0, PAGES), good))
    await guest.close()
  })
  const split = layerSources([storeSource({ module: store, options: memory }, { size: 10 * page + 2048 }), source])
  await served(split, {}, async (monitor) => assert.deepEqual(await monitor.check(0, PAGES), good))
})

test('an open store is a source, whose missing pages fail, or are zeros when asked for', { skip }, async () => {
  const open: PageStore = await openPageStore(memoryStore({ compression: 'none' }), { pageSize: 2 * page })
  const bytes = patternOf(PAGES)
  const pages = Array.from({ length: PAGES / 2 }, (_, number) => number).filter((number) => number !== 5)
  for (const number of pages) await open.write([number], bytes.subarray(number * 2 * page, (number + 1) * 2 * page))
  const size = PAGES * page
  await served(storeSource(open, { size }), { around: page }, async (monitor) => {
    assert.deepEqual(await monitor.check(0, PAGES), { ...good, good: PAGES - 2, poisoned: 2 })
  })
  await served(storeSource(open, { size, missing: 'zero' }), {}, async (monitor) => {
    assert.deepEqual(await monitor.check(0, PAGES), { ...good, good: PAGES - 2, zero: 2 })
  })
  await open.close()
})

test('a store is never asked twice at a time for one page', { skip }, async () => {
  const busy = new Set<number>()
  let twice = 0
  const bytes = patternOf(PAGES)
  const large = 8 * page
  const store: PageStore = {
    pageSize: large,
    async read(pages, into) {
      for (const number of pages) {
        if (busy.has(number)) twice++
        busy.add(number)
      }
      await new Promise((resolve) => setImmediate(resolve))
      for (const [index, number] of pages.entries()) {
        into.set(bytes.subarray(number * large, (number + 1) * large), index * large)
        busy.delete(number)
      }
    },
    write() {},
    free() {},
    close() {},
  }
  await served(storeSource(store, { size: PAGES * page }), { around: page }, async (monitor) => {
    const checks = [0, 1, 2, 3, 4, 5, 6, 7].map((number) => monitor.check(number, PAGES - number))
    for (const [number, check] of checks.entries()) assert.equal((await check).good, PAGES - number)
  })
  assert.equal(twice, 0)
})

test('what a thread can not open is refused, and a thread that ends fails the pages that it was to read', {
  skip,
}, async () => {
  const refusals = [
    [moduleSource(module('export default 1')), 'ERR_VMAREA_INVALID_ARGUMENT'],
    [moduleSource(module('export default () => ({ size: 1 })')), 'ERR_VMAREA_INVALID_ARGUMENT'],
    [moduleSource(module(reader), join(temporaryFolder, 'nothing')), 'ENOENT'],
    [moduleSource(new URL('file:///nowhere.mjs')), 'ERR_MODULE_NOT_FOUND'],
    [storeSource({ module: module('').href, options: 1 }, { size: 4096 }), 'ERR_VMAREA_NOT_A_STORE'],
    [moduleSource(module('process.exit(3)')), 'ENXIO'],
  ] as const
  const path = `@vmarea-threaded-${process.pid}-${count++}`
  await using guests = await listenForGuests(path)
  await using monitor = new Monitor(path, [`regions=${PAGES}`])
  for await (const guest of guests) {
    for (const [source, code] of refusals) await assert.rejects(guest.serve(source), { code })
    const dies = `export default () => ({
      size: ${PAGES * page},
      read(offset, target) {
        if (offset === ${3 * page}) process.exit(3)
        target.fill(0)
      },
    })`
    const layers = layerSources([zeroSource(2 * page), moduleSource(module(dies))])
    await guest.serve(layers, { around: page })
    assert.deepEqual(await monitor.check(0, PAGES), { good: 0, zero: 3, other: 0, poisoned: PAGES - 3 })
    break
  }
  assert.throws(() => storeSource({ module: '', options: 1 }, { size: -1 }), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
  const wrong = { size: 1, missing: 'hole' as 'zero' }
  assert.throws(() => storeSource({ module: '', options: 1 }, wrong), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
  for (const source of [driverSource, moduleSource]) {
    const whole = { code: 'ERR_VMAREA_INVALID_ARGUMENT', message: /whole URL/ }
    for (const named of ['./driver.js', defineDevice(() => ({}))]) assert.throws(() => source(named as string), whole)
  }
})
