// What happens at the same time: slow reads beside other faults, removals, a close and changes of the source.
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { httpSource, type PageSource } from '#vmarea/guests.js'
import { until } from '../support/until.js'
import { skipWithout, skipWithoutCompiler } from '../userfaultfd/skip.js'
import { patternOf } from './monitor.js'
import { serveMonitor as served } from './serve-monitor.js'

const skip = skipWithout('poison', 'event_remove') || skipWithoutCompiler()
const page = 4096
const PAGES = 64
const bytes = patternOf(PAGES)
const good = (pages: number) => ({ good: pages, zero: 0, other: 0, poisoned: 0 })

/** Reads of these pages wait until the test releases them. */
class HeldSource implements PageSource {
  readonly size = bytes.length
  readonly reads: number[] = []
  readonly #pages: readonly number[]
  readonly #waiting: (() => void)[] = []

  constructor(...pages: number[]) {
    this.#pages = pages
  }

  async read(offset: number, target: Uint8Array): Promise<void> {
    this.reads.push(offset / page)
    if (this.#pages.includes(offset / page)) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    target.set(bytes.subarray(offset, offset + target.length))
  }

  letGo(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

test('a slow read holds up neither other pages nor the balloon, and is made once for all threads that wait', {
  skip,
}, async () => {
  const source = new HeldSource(3)
  await served([`regions=${PAGES}`], source, { around: page }, async (monitor, guest) => {
    const checks = [0, 1, 2, 3].map(() => monitor.check(3, 1))
    await until('page 3 is read', () => source.reads.includes(3))
    assert.deepEqual(await monitor.check(4, 10), good(10))
    await monitor.ask('remove', 20, 10)
    assert.deepEqual(await monitor.check(20, 10), { ...good(0), zero: 10 })
    source.letGo()
    for (const check of checks) assert.deepEqual(await check, good(1))
    assert.equal(source.reads.filter((number) => number === 3).length, 1)
    assert.equal(guest.statistics.failed, 0)
  })
})

test('a page that is given back while it is read is zeros, and its neighbours are what the source has', {
  skip,
}, async () => {
  const source = new HeldSource(16)
  await served([`regions=${PAGES}`], source, { around: 16 * page }, async (monitor, guest) => {
    const check = monitor.check(18, 1)
    await until('the pages from 16 on are read', () => source.reads.includes(16))
    await monitor.ask('remove', 17, 2)
    source.letGo()
    assert.deepEqual(await check, { ...good(0), zero: 1 })
    assert.deepEqual(await monitor.check(16, 16), { ...good(14), zero: 2 })
    await until('it is counted', () => guest.statistics.removed === 2)
  })
})

test('a guest that is closed while pages are read and prefetched lets go of both', { skip }, async () => {
  const source = new HeldSource(0, 16, 32, 48)
  await served([`regions=${PAGES}`], source, { around: 16 * page }, async (monitor, guest) => {
    const [check, prefetch] = [monitor.check(5, 1), guest.prefetchAll()]
    await until('all are read', () => source.reads.length === 4)
    await guest.close()
    await prefetch
    assert.deepEqual(await check, { ...good(0), poisoned: 1 })
    source.letGo() // The answers come too late, and are of no guest.
    assert.deepEqual(await monitor.check(0, PAGES), { ...good(0), poisoned: PAGES })
  })
})

test('an object on a web server that changes fails the pages that are not read by then, and no others', {
  skip,
}, async () => {
  let tag = '"1"'
  const server = createServer((request, response) => {
    const [, first, last] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? []
    if (request.headers['if-match'] !== undefined && request.headers['if-match'] !== tag) {
      return response.writeHead(412, { etag: tag }).end()
    }
    const part = bytes.subarray(Number(first ?? 0), last === undefined ? bytes.length : Number(last) + 1)
    const range = first === undefined ? {} : { 'content-range': `bytes ${first}-${last}/${bytes.length}` }
    const head = { etag: tag, 'accept-ranges': 'bytes', 'content-length': part.length, ...range }
    return response.writeHead(first === undefined ? 200 : 206, head).end(request.method === 'HEAD' ? undefined : part)
  })
  const source = httpSource({ url: await listen(server) })
  try {
    await served([`regions=${PAGES}`], source, { around: page, record: true }, async (monitor, guest) => {
      assert.deepEqual(await monitor.check(0, 4), good(4))
      assert.equal(guest.workingSet().identity, 'etag:"1"')
      tag = '"2"'
      // Further than the object was read ahead.
      assert.deepEqual(await monitor.check(40, 2), { ...good(0), poisoned: 2 })
      assert.deepEqual(await monitor.check(0, 4), good(4))
      await guest.close()
    })
    // Opened again, it is the new object.
    await served([`regions=${PAGES}`], source, {}, async (monitor, guest) => {
      assert.deepEqual(await monitor.check(0, PAGES), good(PAGES))
      assert.equal(guest.workingSet().identity, 'etag:"2"')
    })
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/memory`
}
