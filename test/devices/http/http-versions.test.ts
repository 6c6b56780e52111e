import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isVm } from '../../support/throws.js'
import type { ObjectServer } from './object-server.js'
import { closeAfter, comesRight, type Opened, opened, PAGE, read, SIZE } from './opened-object.js'
import { patterned } from './patterned.js'

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
