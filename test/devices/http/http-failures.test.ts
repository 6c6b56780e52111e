import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isVm } from '../../support/throws.js'
import type { Answer, ObjectServer } from './object-server.js'
import { beginning, closeAfter, comesRight, opened, PAGE, read, reset, SIZE, status } from './opened-object.js'

// What passes.

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
