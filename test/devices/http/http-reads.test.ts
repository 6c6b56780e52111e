import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkHttpOptions } from '#vmarea/devices/http/check-http-options.js'
import { HttpObject } from '#vmarea/devices/http/http-object.js'
import { Random } from '../../differential/random.js'
import { seed } from '../../support/seed.js'
import { isVm } from '../../support/throws.js'
import {
  beginning,
  closeAfter,
  never,
  opened,
  originalBytes,
  PAGE,
  read,
  reset,
  SIZE,
  sameBytes,
} from './opened-object.js'
import { patterned } from './patterned.js'

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
