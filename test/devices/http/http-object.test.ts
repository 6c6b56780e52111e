import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { checkHttpOptions } from '#vmarea/devices/http/check-http-options.js'
import { HttpObject } from '#vmarea/devices/http/http-object.js'
import type { HttpOptions } from '#vmarea/devices/http/http-options.js'
import { Random } from '../../differential/random.js'
import { seed } from '../../support/seed.js'
import { isUsage, isVm } from '../../support/throws.js'
import { type Answer, ObjectServer } from './object-server.js'
import { patterned } from './patterned.js'

const PAGE = 4096
const SIZE = 40 * PAGE + 100
const never = () => new AbortController().signal

interface Opened extends AsyncDisposable {
  readonly server: ObjectServer
  readonly object: HttpObject
}

async function opened(options: Partial<HttpOptions> = {}, prepare?: (server: ObjectServer) => void): Promise<Opened> {
  const server = await ObjectServer.start(patterned(SIZE))
  prepare?.(server)
  try {
    const object = await HttpObject.open(checkHttpOptions({ url: server.url, ...options }, 'http'), never())
    server.requests.length = 0
    const dispose = async () => {
      object.close()
      await server[Symbol.asyncDispose]()
    }
    return { server, object, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
}

async function read(object: HttpObject, offset: number, length: number, signal = never()): Promise<Uint8Array> {
  const bytes = new Uint8Array(length).fill(0xee)
  await object.read(offset, bytes, signal)
  return bytes
}

const sameBytes = (got: Uint8Array, wanted: Uint8Array) => assert.equal(Buffer.compare(got, wanted), 0)
const originalBytes = (offset: number, length: number) => patterned(SIZE).subarray(offset, offset + length)

/** Reads two pages, after the server was told to answer so, and wants the object's bytes. */
async function comesRight({ object }: Opened): Promise<void> {
  sameBytes(await read(object, 8 * PAGE, 2 * PAGE), originalBytes(8 * PAGE, 2 * PAGE))
}

/** Ends the connection under a request. */
const reset: Answer = (request) => request.socket.resetAndDestroy()
const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response.writeHead(code, headers).end()
const redirectTo = (location: string, code = 302) => status(code, { location })

test('a read asks for just its bytes, of this version alone, and they come into their place', async () => {
  await using all = await opened()
  const { server, object } = all
  assert.equal(object.version.size, SIZE)
  sameBytes(await read(object, 3 * PAGE, PAGE), originalBytes(3 * PAGE, PAGE))
  const [{ first, end, request }] = server.requests as [(typeof server.requests)[0]]
  assert.deepEqual([first, end], [3 * PAGE, 4 * PAGE])
  assert.equal(request.headers['if-match'], '"one"')
  assert.equal(request.headers['accept-encoding'], 'identity')
})

test('what lies past the end is zeros, and is not asked for', async () => {
  await using all = await opened()
  const { server, object } = all
  const bytes = await read(object, 40 * PAGE, 2 * PAGE)
  sameBytes(bytes.subarray(0, 100), originalBytes(40 * PAGE, 100))
  assert.ok(bytes.subarray(100).every((byte) => byte === 0))
  assert.equal(server.requests[0]!.end, SIZE)
  assert.ok((await read(object, 41 * PAGE, PAGE)).every((byte) => byte === 0))
  assert.equal(server.requests.length, 1)
})

test('reads at once go over connections of their own, no more than were allowed, which stay open', async () => {
  await using all = await opened({ connections: 8 })
  const { server, object } = all
  const held: (() => void)[] = []
  let most = 0
  server.always = (_, response, range) => {
    held.push(() => server.honest(response, range))
    most = Math.max(most, held.length)
    // They are answered only once eight of them wait.
    if (most === 8) for (const answer of held.splice(0)) answer()
  }
  const reads = Array.from({ length: 16 }, (_, index) => read(object, 2 * index * PAGE, PAGE))
  for (const [index, bytes] of (await Promise.all(reads)).entries()) {
    sameBytes(bytes, originalBytes(2 * index * PAGE, PAGE))
  }
  assert.equal(most, 8)
  assert.equal(server.connections, 8)
})

test('sequential reads use one answer, which reads ahead no more than was read before', async () => {
  await using all = await opened({ connections: 1 })
  const { server, object } = all
  for (let page = 0; page < 16; page += 1)
    sameBytes(await read(object, page * PAGE, PAGE), originalBytes(page * PAGE, PAGE))
  const asked = server.requests.map(({ first, end }) => [first / PAGE, end / PAGE])
  assert.deepEqual(asked, [
    [0, 1],
    [1, 3],
    [3, 7],
    [7, 15],
    [15, 31],
  ])
  assert.equal(server.connections, 1)
})

test('readAhead bounds what a sequence asks for, and 0 forbids it', async () => {
  for (const [readAhead, wanted] of [
    [0, [1, 1, 1, 1, 1, 1]],
    [2 * PAGE, [1, 2, 3]],
  ] as const) {
    await using all = await opened({ readAhead })
    for (let page = 0; page < 6; page += 1) await read(all.object, page * PAGE, PAGE)
    assert.deepEqual(
      all.server.requests.map(({ first, end }) => (end - first) / PAGE),
      wanted,
    )
  }
})

test('reads of a sequence that come at once share one answer', async () => {
  await using all = await opened()
  const { server, object } = all
  for (const page of [0, 1, 2]) await read(object, page * PAGE, PAGE)
  // The answer that is asked for now brings four pages, and three more reads come before it does.
  const parts = await Promise.all([3, 4, 5, 6].map((page) => read(object, page * PAGE, PAGE)))
  for (const [index, bytes] of parts.entries()) sameBytes(bytes, originalBytes((3 + index) * PAGE, PAGE))
  assert.equal(server.requests.length, 3)
})

test('an aborted reader does not end the answer for its other readers', async () => {
  await using all = await opened()
  const { server, object } = all
  for (const page of [0, 1, 2]) await read(object, page * PAGE, PAGE)
  const controller = new AbortController()
  const asked = new Promise<void>((resolve) => server.next.push(() => resolve()))
  const first = read(object, 3 * PAGE, PAGE, controller.signal)
  const second = read(object, 4 * PAGE, PAGE)
  await asked
  controller.abort()
  await assert.rejects(first, (error) => isVm(error, 'ETIMEDOUT'))
  sameBytes(await second, originalBytes(4 * PAGE, PAGE))
})

test('where an answer that several read is lost, each asks for its own, and only the last for more', async () => {
  await using all = await opened()
  const { server, object } = all
  for (const page of [0, 1, 2]) await read(object, page * PAGE, PAGE)
  server.requests.length = 0
  server.next.push(reset)
  const parts = await Promise.all([3, 4].map((page) => read(object, page * PAGE, PAGE)))
  for (const [index, bytes] of parts.entries()) sameBytes(bytes, originalBytes((3 + index) * PAGE, PAGE))
  const asked = server.requests.slice(1).map(({ first, end }) => [first / PAGE, end / PAGE])
  assert.deepEqual(
    asked.sort(([a], [b]) => a! - b!),
    [
      [3, 4],
      [4, 9],
    ],
  )
})

/** Sends the head of a whole answer, and so many bytes of it. */
function beginning(server: ObjectServer, bytes: number, began?: (response: ServerResponse) => void): Answer {
  return (_, response, { first, end }) => {
    const range = `bytes ${first}-${end - 1}/${server.object.length}`
    response.writeHead(206, { etag: server.etag, 'content-range': range, 'content-length': end - first })
    response.write(server.object.subarray(first, first + bytes))
    began?.(response)
  }
}

test('an answer whose place in the object is forgotten while it is read is closed after that', async () => {
  await using all = await opened()
  const { server, object } = all
  await read(object, 0, PAGE)
  const closed = new Promise((resolve) => {
    server.next.push((request, response, range) => {
      response.on('close', resolve)
      const others = Array.from({ length: 8 }, (_, index) => read(object, (10 + 2 * index) * PAGE, PAGE))
      Promise.all(others).then(() => beginning(server, PAGE)(request, response, range))
    })
  })
  sameBytes(await read(object, PAGE, PAGE), originalBytes(PAGE, PAGE))
  await closed
})

test('bytes that no read has requested stay with the server', async () => {
  const half = 32 * 2 ** 20
  await using all = await opened({}, (server) => {
    server.object = new Uint8Array(2 * half)
  })
  const { server, object } = all
  await read(object, 0, half)
  let hasSentAll = false
  server.next.push((_, response, range) => {
    response.on('finish', () => {
      hasSentAll = true
    })
    server.honest(response, range)
  })
  await read(object, half, PAGE)
  assert.equal(server.requests.at(-1)!.end, 2 * half)
  // As much time as it would take to send all.
  const other = await HttpObject.open(checkHttpOptions({ url: server.url }, 'http'), never())
  for (let count = 0; count < 300 && !hasSentAll; count += 1) await read(other, 2 * (count % 100) * PAGE, PAGE)
  other.close()
  assert.ok(!hasSentAll)
})

test('an idle answer frees its connection for a read elsewhere', async () => {
  await using all = await opened({ connections: 1 })
  const { server, object } = all
  await read(object, 0, PAGE)
  server.next.push(beginning(server, PAGE))
  await read(object, PAGE, PAGE)
  sameBytes(await read(object, 30 * PAGE, PAGE), originalBytes(30 * PAGE, PAGE))
  sameBytes(await read(object, 2 * PAGE, PAGE), originalBytes(2 * PAGE, PAGE))
  assert.equal(server.requests.length, 4)
})

test('a long answer is read piece by piece, as much of it as is wanted, and the rest not at all', async () => {
  const bytes = patterned(32 * 2 ** 20)
  await using all = await opened({ connections: 2 }, (server) => {
    server.object = bytes
  })
  const { server, object } = all
  const random = new Random(seed)
  let at = 0
  while (at < 24 * 2 ** 20) {
    const length = (1 + random.below(64)) * PAGE
    sameBytes(await read(object, at, length), bytes.subarray(at, at + length))
    at += length
  }
  // Each answer is as long as all before it together.
  assert.ok(server.requests.length <= 15, `${server.requests.length} requests`)
  assert.ok(server.bytesAsked <= bytes.length)
})

test('random reads at random places, by several at once, give the bytes of the object', async () => {
  await using all = await opened({ connections: 3 })
  const { server, object } = all
  const random = new Random(seed)
  server.always = (request, response, range) => {
    const luck = random.below(10)
    if (luck === 0) reset(request, response, range)
    else if (luck === 1) closeAfter(server, response, range, random.below(range.end - range.first))
    else server.honest(response, range)
  }
  const reader = async () => {
    let page = 0
    for (let count = 0; count < 60; count += 1) {
      if (random.chance(30)) page = random.below(41)
      const pages = Math.min(1 + random.below(4), 41 - page)
      const bytes = await read(object, page * PAGE, pages * PAGE)
      sameBytes(bytes.subarray(0, SIZE - page * PAGE), originalBytes(page * PAGE, pages * PAGE))
      page = (page + pages) % 41
    }
  }
  await Promise.all([reader(), reader(), reader(), reader()])
})

// What passes.

/** Sends the head, so many bytes, and then closes. */
function closeAfter(
  server: ObjectServer,
  response: ServerResponse,
  { first, end }: { first: number; end: number },
  bytes: number,
): void {
  response.writeHead(206, {
    etag: server.etag,
    'content-range': `bytes ${first}-${end - 1}/${server.object.length}`,
    'content-length': end - first,
  })
  response.flushHeaders()
  response.write(server.object.subarray(first, first + bytes), () => response.destroy())
}

test('where the server closes early, only the rest is asked for again', async () => {
  await using all = await opened()
  const { server } = all
  server.next.push((_, response, range) => closeAfter(server, response, range, 5000))
  await comesRight(all)
  assert.equal(server.requests.length, 2)
  assert.deepEqual([server.requests[1]!.first, server.requests[1]!.end], [8 * PAGE + 5000, 10 * PAGE])
})

test('a server that sends less than the range is asked for the rest', async () => {
  await using all = await opened({ retries: 1 })
  const { server } = all
  server.always = (_, response, { first, end }) => server.honest(response, { first, end: Math.min(end, first + 3000) })
  await comesRight(all)
  const { requests } = server
  assert.deepEqual(
    requests.map(({ first, end }) => [first, end]),
    [0, 3000, 6000].map((done) => [8 * PAGE + done, 10 * PAGE]),
  )
})

test('early hints and other interim answers are passed over', async () => {
  await using all = await opened()
  const { server } = all
  server.always = (_, response, range) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' })
    response.writeProcessing()
    server.honest(response, range)
  }
  await comesRight(all)
  assert.equal(server.requests.length, 1)
})

test('where an answer in chunks ends early, the rest is asked for again', async () => {
  await using all = await opened()
  const { server } = all
  server.next.push((_, response, range) => {
    const body = server.object.subarray(range.first, range.first + 10)
    server.honest(response, range, { headers: { 'content-length': undefined, 'transfer-encoding': 'chunked' }, body })
  })
  await comesRight(all)
  assert.equal(server.requests.length, 2)
})

test('an answer in chunks, without a length, is accepted', async () => {
  const chunked = { 'content-length': undefined, 'transfer-encoding': 'chunked' }
  await using all = await opened({}, (server) => {
    server.always = (_, response, range) => server.honest(response, range, { headers: chunked })
  })
  await comesRight(all)
  assert.equal(all.server.requests.length, 1)
})

test('a server that closes early again and again is asked as long as something comes', async () => {
  await using all = await opened({ retries: 1 })
  const { server } = all
  server.next.push(
    ...Array(5).fill(((_, response, range) => closeAfter(server, response, range, 100)) satisfies Answer),
  )
  await comesRight(all)
  assert.equal(server.requests.length, 6)
})

test('a server that closes early without a byte is not asked for ever', async () => {
  await using all = await opened({ retries: 3 })
  const { server } = all
  server.always = (_, response, range) => closeAfter(server, response, range, 0)
  await assert.rejects(comesRight(all), (error) => isVm(error, 'ECONNRESET'))
  assert.equal(server.requests.length, 4)
})

for (const code of [500, 502, 503, 504, 429]) {
  test(`${code} is tried again`, async () => {
    await using all = await opened()
    all.server.next.push(status(code), status(code))
    await comesRight(all)
    assert.equal(all.server.requests.length, 3)
  })
}

test('Retry-After is heeded, in seconds', async () => {
  await using all = await opened()
  all.server.next.push(status(429, { 'retry-after': '1' }))
  const start = performance.now()
  await comesRight(all)
  assert.ok(performance.now() - start >= 990)
})

test('a server that asks to wait for an hour is not waited for', async () => {
  await using all = await opened()
  all.server.next.push(status(503, { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() }))
  await assert.rejects(comesRight(all), (error) => isVm(error, 'EAGAIN', /answered 503/))
  await comesRight(all)
})

test('a connection that is reset is tried again', async () => {
  await using all = await opened()
  all.server.next.push(reset, reset)
  await comesRight(all)
  assert.equal(all.server.requests.length, 3)
})

test('connections that the server has closed while they were idle are found out', async () => {
  await using all = await opened({ retries: 1 })
  await Promise.all([0, 4, 8, 12].map((page) => read(all.object, page * PAGE, PAGE)))
  for (const socket of all.server.sockets) socket.destroy()
  await comesRight(all)
})

test('a connection that brings nothing is given up after the stall, and the rest asked for again', async () => {
  await using all = await opened({ stall: 200 })
  const { server } = all
  server.next.push(() => {})
  server.always = (request, response, range) => {
    if (range.first === 8 * PAGE) beginning(server, 100)(request, response, range)
    else server.honest(response, range)
  }
  await comesRight(all)
  assert.ok(server.requests.length >= 3)
  assert.equal(server.requests.at(-1)!.first, 8 * PAGE + 100)
})

test('after the allowed number of failures the last one is thrown, and the next read starts with a new count', async () => {
  await using all = await opened({ retries: 2 })
  all.server.always = status(500)
  await assert.rejects(comesRight(all), (error) => isVm(error, 'EIO', /answered 500/))
  assert.equal(all.server.requests.length, 3)
  all.server.always = undefined
  await comesRight(all)
})

test('a server that can not be reached is an error of the network', async () => {
  await using all = await opened({ retries: 1 })
  await all.server[Symbol.asyncDispose]()
  await assert.rejects(comesRight(all), (error) => isVm(error, 'ECONNREFUSED', /127\.0\.0\.1/))
  all.object.close()
})

// What does not pass.

for (const [code, name] of [
  [400, 'EIO'],
  [401, 'EACCES'],
  [403, 'EACCES'],
  [404, 'ENOENT'],
  [410, 'ENOENT'],
] as const) {
  test(`${code} is ${name}, and is not tried again`, async () => {
    await using all = await opened()
    all.server.next.push(status(code))
    await assert.rejects(comesRight(all), (error) => isVm(error, name, new RegExp(`answered ${code}`)))
    assert.equal(all.server.requests.length, 1)
    await comesRight(all)
  })
}

type Lie = (server: ObjectServer) => Answer
const lies: Record<string, [Lie, string, RegExp]> = {
  'the whole with status 200': [
    (server) => (_, response) => response.writeHead(200, { etag: '"one"' }).end(server.object),
    'EOPNOTSUPP',
    /answered 200/,
  ],
  'another range': [
    (server) =>
      (_, response, { first, end }) =>
        server.honest(response, { first: first + 1, end: end + 1 }),
    'EPROTO',
    /bytes 32768-40959 were asked for, and this came: bytes 32769-40960/,
  ],
  'more than was asked for': [
    (server) =>
      (_, response, { first, end }) =>
        server.honest(response, { first, end: end + 1 }),
    'EPROTO',
    /were asked for/,
  ],
  'the end of the range alone': [
    (server) =>
      (_, response, { first, end }) =>
        server.honest(response, { first: first + 1, end }),
    'EPROTO',
    /were asked for/,
  ],
  'several parts': [
    (server) => (_, response, range) =>
      server.honest(response, range, {
        headers: { 'content-type': 'multipart/byteranges; boundary=X', 'content-range': undefined },
      }),
    'EPROTO',
    /several parts \(multipart\/byteranges; boundary=X\)/,
  ],
  'that nothing has changed': [() => status(304), 'EIO', /answered 304/],
  'no Content-Range': [
    (server) => (_, response, range) => server.honest(response, range, { headers: { 'content-range': undefined } }),
    'EPROTO',
    /without a Content-Range/,
  ],
  'a Content-Range that is none': [
    (server) => (_, response, range) => server.honest(response, range, { headers: { 'content-range': 'bytes=0-1' } }),
    'EPROTO',
    /without a Content-Range/,
  ],
  'an unknown total': [
    (server) =>
      (_, response, { first, end }) =>
        server.honest(response, { first, end }, { headers: { 'content-range': `bytes ${first}-${end - 1}/*` } }),
    'EPROTO',
    /does not tell the size/,
  ],
  'a Content-Length that does not fit': [
    (server) => (_, response, range) => server.honest(response, range, { headers: { 'content-length': 8191 } }),
    'EPROTO',
    /Content-Length 8191/,
  ],
  'more bytes than it says, in chunks': [
    (server) => (_, response, range) =>
      server.honest(response, range, {
        headers: { 'content-length': undefined, 'transfer-encoding': 'chunked' },
        body: server.object.subarray(range.first, range.end + 1),
      }),
    'EPROTO',
    /more bytes than it said/,
  ],
  'more bytes than it says, in a chunk of their own': [
    (server) => (_, response, range) => {
      response.writeHead(206, { etag: server.etag, 'content-range': `bytes ${range.first}-${range.end - 1}/${SIZE}` })
      response.write(server.object.subarray(range.first, range.end))
      response.end('x')
    },
    'EPROTO',
    /more bytes than it said/,
  ],
  'a content encoding': [
    (server) => (_, response, range) => server.honest(response, range, { headers: { 'content-encoding': 'gzip' } }),
    'EPROTO',
    /content encoding gzip/,
  ],
  'that it finds the range outside': [
    () => status(416, { 'content-range': `bytes */${SIZE}` }),
    'EPROTO',
    /outside of the object/,
  ],
  'what is not HTTP': [() => (request) => request.socket.end('SSH-2.0-OpenSSH_9.9\r\n'), 'EPROTO', /Parse Error/],
}

for (const [what, [answer, code, message]] of Object.entries(lies)) {
  test(`a server that answers ${what} is an error, and the next read works`, async () => {
    await using all = await opened()
    all.server.next.push(answer(all.server))
    await assert.rejects(comesRight(all), (error) => isVm(error, code, message))
    assert.equal(all.server.requests.length, 1)
    await comesRight(all)
  })
}

// Another version.

/** Reads after the object was changed: it must fail with both marks, and for ever. */
async function findsTheChange({ server, object }: Opened, marks: RegExp): Promise<void> {
  await assert.rejects(read(object, 8 * PAGE, PAGE), (error) => isVm(error, 'ESTALE', marks))
  const asked = server.requests.length
  await assert.rejects(read(object, 20 * PAGE, PAGE), (error) => isVm(error, 'ESTALE', marks))
  assert.equal(server.requests.length, asked, 'the server was asked again')
}

test('a changed object that the server refuses by If-Match fails each read from then on', async () => {
  await using all = await opened()
  await comesRight(all)
  all.server.object = patterned(SIZE, 2)
  all.server.etag = '"two"'
  await findsTheChange(all, /ETag "one".*ETag "two"/)
})

test('a changed object is found where the server does not heed If-Match', async () => {
  await using all = await opened()
  all.server.object = patterned(SIZE, 2)
  all.server.etag = '"two"'
  all.server.always = (_, response, range) => all.server.honest(response, range)
  await findsTheChange(all, /ETag "one".*ETag "two"/)
})

test('a changed size is a change, whatever the tag says', async () => {
  await using all = await opened()
  all.server.object = patterned(SIZE + 1)
  await findsTheChange(all, new RegExp(`${SIZE} bytes.*${SIZE + 1} bytes`))
})

test('an object that was cut shorter is a change', async () => {
  await using all = await opened()
  all.server.object = patterned(4 * PAGE)
  await findsTheChange(all, new RegExp(`${SIZE} bytes.*${4 * PAGE} bytes`))
})

test('a part that comes without the tag is a change', async () => {
  await using all = await opened()
  all.server.etag = undefined
  all.server.always = (_, response, range) => all.server.honest(response, range)
  await findsTheChange(all, /ETag "one".*unknown/)
})

test('a change between the two halves of one read fails that read', async () => {
  await using all = await opened()
  const { server } = all
  server.next.push((_, response, range) => {
    closeAfter(server, response, range, 5000)
    server.object = patterned(SIZE, 2)
    server.etag = '"two"'
  })
  await assert.rejects(comesRight(all), (error) => isVm(error, 'ESTALE'))
})

test('a server that refuses If-Match although it has the version is asked without', async () => {
  await using all = await opened()
  const { server, object } = all
  server.always = (request, response, range) => {
    if (request.headers['if-match'] === undefined) server.honest(response, range)
    else response.writeHead(412).end()
  }
  await comesRight(all)
  server.etag = '"two"'
  await findsTheChange({ ...all, object }, /ETag "one".*ETag "two"/)
})

const OLD = 'Sat, 01 Nov 2025 12:00:00 GMT'

test('without a tag, Last-Modified tells the versions apart', async () => {
  await using all = await opened({}, (server) => {
    server.etag = undefined
    server.lastModified = OLD
  })
  await comesRight(all)
  assert.equal(all.server.requests[0]!.request.headers['if-unmodified-since'], OLD)
  all.server.lastModified = 'Sat, 01 Nov 2025 12:00:01 GMT'
  await findsTheChange(all, /12:00:00 GMT.*12:00:01 GMT/)
})

test('a weak tag beside an old date: both must stay, and the tag is not asked for by If-Match', async () => {
  await using all = await opened({}, (server) => {
    server.etag = 'W/"one"'
    server.lastModified = OLD
  })
  await comesRight(all)
  assert.equal(all.server.requests[0]!.request.headers['if-match'], undefined)
  all.server.etag = 'W/"two"'
  await findsTheChange(all, /W\/"one".*W\/"two"/)
})

const young = (server: ObjectServer) => {
  server.etag = undefined
  server.lastModified = new Date(Date.now() + 60_000).toUTCString()
}
const weak = (server: ObjectServer) => {
  server.etag = 'W/"one"'
}
const unmarked = (server: ObjectServer) => {
  server.etag = undefined
}

for (const [what, prepare, refused, enough] of [
  ['a date that is too young', young, 'strong', 'weak'],
  ['a weak tag alone', weak, 'strong', 'weak'],
  ['no mark at all', unmarked, 'strong', 'none'],
  ['no mark at all', unmarked, 'weak', 'none'],
] as const) {
  test(`${what} is refused with consistency '${refused}', and is enough for '${enough}'`, async () => {
    await assert.rejects(opened({ consistency: refused }, prepare), (error) =>
      isVm(error, 'EOPNOTSUPP', new RegExp(`consistency: '${enough}'`)),
    )
    await using all = await opened({ consistency: enough }, prepare)
    await comesRight(all)
  })
}

// Giving up.

test('a read without a waiter ends at once, frees its connection, and writes no more bytes', async () => {
  await using all = await opened({ connections: 1 })
  const { server, object } = all
  const controller = new AbortController()
  let answer: ServerResponse | undefined
  server.next.push(
    beginning(server, 100, (response) => {
      answer = response
      controller.abort(new Error('too late'))
    }),
  )
  const bytes = new Uint8Array(PAGE)
  await assert.rejects(object.read(8 * PAGE, bytes, controller.signal), (error) => isVm(error, 'ETIMEDOUT'))
  const then = bytes.slice()
  if (!answer!.destroyed) await once(answer!, 'close')
  sameBytes(bytes, then)
  await comesRight(all)
})

test('an unanswered request without a waiter frees its connection', async () => {
  await using all = await opened({ connections: 1 })
  const controller = new AbortController()
  all.server.next.push(() => controller.abort())
  await assert.rejects(read(all.object, 0, PAGE, controller.signal), (error) => isVm(error, 'ETIMEDOUT'))
  await comesRight(all)
})

test('giving up says what failed before', async () => {
  await using all = await opened()
  const controller = new AbortController()
  all.server.next.push(status(503), () => controller.abort())
  await assert.rejects(read(all.object, 0, PAGE, controller.signal), (error) =>
    isVm(error, 'ETIMEDOUT', /answered 503/),
  )
})

test('giving up ends the waiting to try again', async () => {
  await using all = await opened()
  const signal = AbortSignal.timeout(300)
  all.server.always = status(503, { 'retry-after': '59' })
  const start = performance.now()
  await assert.rejects(read(all.object, 0, PAGE, signal), (error) => isVm(error, 'ETIMEDOUT'))
  assert.ok(performance.now() - start < 50_000)
})

test('a read whose signal is aborted already asks for nothing', async () => {
  await using all = await opened()
  await assert.rejects(read(all.object, 0, PAGE, AbortSignal.abort()), (error) => isVm(error, 'ETIMEDOUT'))
  assert.equal(all.server.requests.length, 0)
})

test('closing fails pending reads', async () => {
  await using all = await opened()
  const { server, object } = all
  server.next.push(() => object.close())
  await assert.rejects(comesRight(all), (error) => isVm(error, 'EBADF', /closed/))
  await assert.rejects(comesRight(all), (error) => isVm(error, 'EBADF', /closed/))
})

// Opening.

test('an object of no bytes is opened, whether the server says 416 or 200', async () => {
  const empty = new Uint8Array(0)
  for (const always of [undefined, status(200, { 'content-length': '0' })]) {
    await using all = await opened({}, (server) => {
      server.object = empty
      server.always = always
    })
    assert.equal(all.object.version.size, 0)
  }
})

for (const [what, answer, code, message] of [
  ['404', status(404), 'ENOENT', /answered 404/],
  ['403', status(403), 'EACCES', /answered 403/],
  ['200 to the range', status(200, { 'content-length': '5' }), 'EOPNOTSUPP', /does not serve ranges/],
  ['a redirect without an end', redirectTo('/object'), 'ELOOP', /redirects/],
  ['a redirect to a file', redirectTo('file:///etc/passwd'), 'EACCES', /from http: to file:/],
  ['a redirect to nowhere', redirectTo('http://['), 'EIO', /no URL/],
] as const) {
  test(`a server that answers ${what} is refused at open`, async () => {
    await assert.rejects(
      opened({}, (server) => {
        server.always = answer
      }),
      (error) => isVm(error, code, message),
    )
  })
}

test('opening is tried again where the server fails in passing', async () => {
  await using all = await opened({}, (server) => {
    server.next.push(status(500), reset)
  })
  await comesRight(all)
})

test('opening ends with its signal', async () => {
  await using server = await ObjectServer.start(patterned(SIZE))
  const controller = new AbortController()
  const reason = new Error('changed my mind')
  server.always = () => controller.abort(reason)
  const options = checkHttpOptions({ url: server.url }, 'http')
  await assert.rejects(HttpObject.open(options, controller.signal), reason)
})

test('the object is opened only with the tag that was wanted', async () => {
  await using all = await opened({ etag: '"one"' })
  await comesRight(all)
  await assert.rejects(opened({ etag: '"two"' }), (error) => isVm(error, 'ESTALE', /"two" was wanted.*"one"/))
})

// Redirects and headers.

test('a redirect is followed once and remembered; where it leads no more, the first place is asked again', async () => {
  await using target = await ObjectServer.start(patterned(SIZE))
  const secret = { authorization: 'Bearer secret' }
  await using all = await opened({ headers: secret }, (server) => {
    server.always = redirectTo(`${target.url}?until=noon`)
  })
  await comesRight(all)
  assert.equal(all.server.requests.length, 0, 'the first place was asked again')
  assert.equal(target.requests.length, 2)
  target.next.push(status(403))
  await comesRight(all)
  assert.equal(all.server.requests.length, 1)
  // What was meant for the one server is not shown to the other.
  assert.equal(all.server.requests[0]!.request.headers.authorization, 'Bearer secret')
  for (const { request } of target.requests) assert.equal(request.headers.authorization, undefined)
  target.next.push(status(403), status(403))
  await assert.rejects(comesRight(all), (error) => isVm(error, 'EACCES', /object\?…'.*answered 403/))
})

test('headers are sent, and the credentials of the URL, which no message shows', async () => {
  await using all = await opened({ headers: { 'X-Key': 'key' } })
  await comesRight(all)
  assert.equal(all.server.requests[0]!.request.headers['x-key'], 'key')
  const url = all.server.url.replace('://', '://user:p%40ss@')
  const object = await HttpObject.open(checkHttpOptions({ url }, 'http'), never())
  assert.equal(all.server.requests.at(-1)!.request.headers.authorization, `Basic ${btoa('user:p@ss')}`)
  all.server.always = status(404)
  await assert.rejects(read(object, 0, PAGE), (error: Error) => !/user|p@ss|p%40ss/.test(error.message))
  object.close()
})

const wrongOptions: [unknown, RegExp][] = [
  [undefined, /the device http: the options must be an object, and are undefined/],
  [{}, /requires the option url/],
  [{ url: 7 }, /url of the device http must be .*, and is 7/],
  [{ url: '/relative' }, /url of .*, and is '\/relative'/],
  [{ url: 'ftp://user:secret@host/object' }, /http: or https:, and is 'ftp:\/\/…@host\/object'$/],
  [{ url: 'http://host/', cache: true }, /no option 'cache'/],
  [{ url: 'http://host/', headers: 'a: b' }, /headers of .*, and is 'a: b'/],
  [{ url: 'http://host/', headers: { Range: 'bytes=0-1' } }, /the device writes these/],
  [{ url: 'http://host/', headers: { 'If-Match': '*' } }, /the device writes these/],
  [{ url: 'http://host/', headers: { 'a b': 'c' } }, /headers\['a b'\]/],
  [{ url: 'http://host/', headers: { key: 'a\nb' } }, /headers\['key'\]/],
  [{ url: 'http://host/', headers: { key: 7 } }, /headers\['key'\].* of type number/],
  [{ url: 'http://host/', connections: 0 }, /connections of .*, and is 0/],
  [{ url: 'http://host/', connections: 1.5 }, /connections of .*, and is 1\.5/],
  [{ url: 'http://host/', readAhead: -1 }, /readAhead of .*, and is -1/],
  [{ url: 'http://host/', stall: Number.NaN }, /stall of .*, and is NaN/],
  [{ url: 'http://host/', retries: '3' }, /retries of .*, and is '3'/],
  [{ url: 'http://host/', etag: '' }, /etag of .*, and is ''/],
  [{ url: 'http://host/', consistency: 'perfect' }, /'strong' or 'weak' or 'none', and is 'perfect'/],
]

test('options that can mean nothing are refused by name', () => {
  for (const [options, message] of wrongOptions) {
    assert.throws(
      () => checkHttpOptions(options as never, 'the device http'),
      (error) => isUsage(error, 'ERR_VMAREA_INVALID_ARGUMENT', message),
    )
  }
})
