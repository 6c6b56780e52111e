// Reads ahead of demand that are gathered into requests for several ranges.
import assert from 'node:assert/strict'
import { setMaxListeners } from 'node:events'
import { test } from 'node:test'
import { checkHttpOptions } from '#vmarea/devices/http/check-http-options.js'
import { GatheredReads } from '#vmarea/devices/http/gathered-reads.js'
import { HttpObject } from '#vmarea/devices/http/http-object.js'
import { MultipartReader } from '#vmarea/devices/http/multipart-reader.js'
import { Random } from '../../differential/random.js'
import { seed } from '../../support/seed.js'
import { type AskedRange, ObjectServer, type SeveralAnswer } from './object-server.js'
import { patterned } from './patterned.js'

const SIZE = 1 << 20
const PAGE = 4096
const object = patterned(SIZE)

interface Opened extends AsyncDisposable {
  readonly server: ObjectServer
  readonly reads: GatheredReads
  readonly http: HttpObject
}

async function opened(several: (server: ObjectServer) => SeveralAnswer | undefined): Promise<Opened> {
  const server = await ObjectServer.start(patterned(SIZE))
  server.several = several(server)
  const closing = new AbortController()
  setMaxListeners(0, closing.signal)
  const http = await HttpObject.open(checkHttpOptions({ url: server.url, stall: 60_000 }, 'http'), closing.signal)
  server.requests.length = 0
  const dispose = async () => {
    closing.abort()
    http.close()
    await server[Symbol.asyncDispose]()
  }
  return { server, http, reads: new GatheredReads(http, closing.signal), [Symbol.asyncDispose]: dispose }
}

/** Reads pages at once, and compares their bytes. */
async function readAll(reads: GatheredReads, pages: readonly number[], length = PAGE): Promise<void> {
  await Promise.all(
    pages.map(async (page) => {
      const bytes = new Uint8Array(length)
      await reads.read(page * PAGE, bytes)
      const expected = new Uint8Array(length)
      expected.set(object.subarray(page * PAGE, page * PAGE + length))
      assert.equal(Buffer.compare(bytes, expected), 0, `page ${page}`)
    }),
  )
}

const pages = Array.from({ length: 100 }, (_, index) => (index * 37) % 256)

test('reads of one turn are requests for 64 ranges at most', async () => {
  await using of = await opened((server) => (_, response, ranges) => server.parts(response, ranges))
  await readAll(of.reads, pages)
  assert.deepEqual(
    of.server.severalRequests.map(({ length }) => length),
    [64, 36],
  )
  assert.equal(of.server.requests.length, 0)
})

test('reads that come while two requests are in flight are gathered into the next one', async () => {
  const held: (() => void)[] = []
  await using of = await opened((server) => (_, response, ranges) => {
    if (held.length < 2) held.push(() => server.parts(response, ranges))
    else server.parts(response, ranges)
    if (held.length === 2 && server.severalRequests.length === 2) done()
  })
  let done = () => {}
  const bothAsked = new Promise<void>((resolve) => {
    done = resolve
  })
  const first = readAll(of.reads, pages.slice(0, 2))
  await Promise.resolve() // another turn of the microtasks: the second pair is a request of its own
  const second = readAll(of.reads, pages.slice(2, 4))
  await bothAsked
  const rest: Promise<void>[] = []
  for (let page = 10; page < 20; page++) {
    rest.push(readAll(of.reads, [page]))
    await Promise.resolve()
  }
  for (const answer of held) answer()
  await Promise.all([first, second, ...rest])
  assert.deepEqual(
    of.server.severalRequests.map(({ length }) => length),
    [2, 2, 10],
  )
})

const answers: Readonly<Record<string, (server: ObjectServer) => SeveralAnswer | undefined>> = {
  'refuses it': () => undefined,
  'sends the whole object': (server) => (_, response) => {
    response.writeHead(200, { etag: server.etag, 'content-length': SIZE })
    response.end(server.object)
  },
  'sends the first range alone': (server) => (_, response, ranges) => server.honest(response, ranges[0]!),
  'sends the parts in another order, after a preamble': (server) => (_, response, ranges) =>
    server.parts(response, ranges.toReversed(), { begin: '\r\n' }),
  'sends one range that has them all': (server) => (_, response, ranges) => server.honest(response, spanOf(ranges)),
  'sends one part that has them all': (server) => (_, response, ranges) => server.parts(response, [spanOf(ranges)]),
  'quotes the boundary': (server) => (_, response, ranges) =>
    server.parts(response, ranges, { headers: { 'content-type': 'multipart/byteranges; a=b; boundary="next"' } }),
  'leaves out every second range': (server) => (_, response, ranges) =>
    server.parts(
      response,
      ranges.filter((_range, index) => index % 2 === 0),
    ),
  'sends another boundary than it says': (server) => (_, response, ranges) =>
    server.parts(response, ranges, { headers: { 'content-type': 'multipart/byteranges; boundary=other' } }),
  'sends parts without a boundary in its head': (server) => (_, response, ranges) =>
    server.parts(response, ranges, { headers: { 'content-type': 'multipart/byteranges' } }),
  'sends what is no part': (server) => (_, response, ranges) =>
    server.parts(response, ranges, { begin: 'x'.repeat(20_000) }),
  'sends a part without its range': (server) => (_, response) => {
    response.writeHead(206, { etag: server.etag, 'content-type': 'multipart/byteranges; boundary=next' })
    response.end('--next\r\ncontent-type: a/b\r\n\r\nbytes\r\n--next--\r\n')
  },
  'ends within a part':
    (server) =>
    (_, response, [range]) => {
      const type = 'multipart/byteranges; boundary=next'
      response.writeHead(206, { etag: server.etag, 'content-type': type, 'content-length': 100_000 })
      const head = Buffer.from(`--next\r\nContent-Range: bytes ${range!.first}-${range!.end - 1}/${SIZE}\r\n\r\n`)
      const part = server.object.subarray(range!.first, range!.first + 100)
      response.write(Buffer.concat([head, part]), () => response.socket!.end())
    },
  'ends after some parts': (server) => (_, response, ranges) => {
    server.parts(response, ranges.slice(0, 3), { headers: { 'content-length': '100000' } })
    response.socket!.end()
  },
}

function spanOf(ranges: readonly AskedRange[]): AskedRange {
  return { first: Math.min(...ranges.map(({ first }) => first)), end: Math.max(...ranges.map(({ end }) => end)) }
}

for (const [name, several] of Object.entries(answers)) {
  test(`reads are right from a server that ${name} when several ranges are requested`, async () => {
    await using of = await opened(several)
    await readAll(of.reads, pages.slice(0, 20))
    await readAll(of.reads, pages.slice(20, 40), 2 * PAGE - 7)
  })
}

test('a server that answers one range at a time is asked for several once', async () => {
  await using of = await opened((server) => (_, response, ranges) => server.honest(response, ranges[0]!))
  await readAll(of.reads, pages.slice(0, 20))
  await readAll(of.reads, pages.slice(20, 40))
  assert.equal(of.server.severalRequests.length, 1)
  // The first range came with the answer.
  assert.equal(of.server.requests.length, 19 + 20)
})

test('parts of another version of the object are refused, and reading then fails with ESTALE', async () => {
  await using of = await opened((server) => (_, response, ranges) => {
    server.object = new Uint8Array(SIZE)
    server.etag = '"two"'
    server.parts(response, ranges)
  })
  for (const page of await Promise.allSettled(
    [1, 2, 3].map((page) => of.reads.read(page * PAGE, new Uint8Array(PAGE))),
  )) {
    assert.equal(page.status, 'rejected')
    assert.equal((page.reason as { code: string }).code, 'ESTALE')
  }
})

test('reads past the end are filled with zeros, and reads after the object is closed fail', async () => {
  await using of = await opened((server) => (_, response, ranges) => server.parts(response, ranges))
  await readAll(of.reads, [254, 255], 2 * PAGE)
  of.http.close()
  for (const read of await Promise.allSettled([1, 2].map((page) => of.reads.read(page * PAGE, new Uint8Array(PAGE))))) {
    assert.equal(read.status, 'rejected')
  }
})

test('parts are read alike in whatever pieces they come', () => {
  const random = new Random(seed)
  const ranges = [
    { first: 0, end: 5 },
    { first: 4096, end: 4097 },
    { first: 10, end: 3000 },
  ]
  const heads = ranges.map(({ first, end }) => [
    Buffer.from(`\r\n--b\r\ncontent-range: bytes ${first}-${end - 1}/${SIZE}\r\n\r\n`),
    object.subarray(first, end),
  ])
  const body = Buffer.concat([...heads.flat(), Buffer.from('\r\n--b--')])
  for (let round = 0; round < 200; round++) {
    const got: { readonly first: number; readonly bytes: Buffer[] }[] = []
    const reader = new MultipartReader('b', {
      begin: ({ first }) => got.push({ first, bytes: [] }),
      take: (_, bytes) => got.at(-1)!.bytes.push(Buffer.from(bytes)),
    })
    for (let at = 0; at < body.length; ) {
      const length = 1 + random.below(round % 2 === 0 ? 7 : 2000)
      reader.push(body.subarray(at, at + length))
      at += length
    }
    assert.equal(got.length, ranges.length)
    for (const [index, { first, end }] of ranges.entries()) {
      assert.equal(got[index]!.first, first)
      assert.equal(Buffer.compare(Buffer.concat(got[index]!.bytes), object.subarray(first, end)), 0, `seed ${seed}`)
    }
  }
})
