import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { checkHttpOptions } from '#vmarea/devices/http/check-http-options.js'
import { HttpObject } from '#vmarea/devices/http/http-object.js'
import { isUsage, isVm } from '../../support/throws.js'
import { ObjectServer } from './object-server.js'
import {
  beginning,
  comesRight,
  never,
  opened,
  PAGE,
  read,
  redirectTo,
  reset,
  SIZE,
  sameBytes,
  status,
} from './opened-object.js'
import { patterned } from './patterned.js'

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
