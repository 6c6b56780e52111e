import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inChild } from './in-child.js'
import { skipWithout } from './skip.js'

const skip = skipWithout('thread_id', 'poison')

for (const [workers, servers] of [
  [1, 1],
  [4, 1],
  [4, 3],
] as const) {
  test(`${workers} Workers fault, ${servers} serve: every byte is right and nobody is left waiting`, { skip }, () => {
    const { wrong, served, waiting, unanswered } = inChild<{
      wrong: number[]
      served: number
      waiting: number
      unanswered: number
    }>('many-faults', { args: [String(workers), String(servers)] })
    assert.deepEqual(wrong, Array(workers).fill(0))
    assert.ok(served >= workers * 512, `${served} faults`)
    assert.deepEqual([waiting, unanswered], [0, 0])
  })
}

test('a handler that throws: what it had not served fails, what it had stays, a later copy mends', { skip }, () => {
  const { seen, mended } = inChild<{ seen: { pages: (number | string)[]; right: boolean }; mended: number }>(
    'server-ends',
    {
      args: ['throws'],
    },
  )
  assert.ok(seen.right)
  assert.deepEqual(
    seen.pages.map((one) => typeof one),
    ['number', 'number', ...Array(6).fill('string')],
  )
  assert.deepEqual(new Set(seen.pages.slice(2)), new Set(['poisoned']))
  assert.equal(mended, 4096)
})

test('a handler that is terminated with a fault in hand: the access fails', { skip }, () => {
  const { seen } = inChild<{ seen: { pages: unknown[] } }>('server-ends', { args: ['terminated'] })
  assert.deepEqual(seen.pages, Array(8).fill('poisoned'))
})

test("whenServerEnds: 'wait' leaves the thread to the next who serves", { skip }, () => {
  const { seen } = inChild<{ seen: { pages: unknown[]; right: boolean } }>('server-ends', { args: ['waits'] })
  assert.ok(seen.right)
  assert.ok(
    seen.pages.every((one) => typeof one === 'number'),
    JSON.stringify(seen.pages),
  )
})

test('a handler that is slow: the access waits, and who waits where and how long can be seen', { skip }, () => {
  const { right, took, seen, address, thread, after } = inChild<{
    right: boolean
    took: number
    address: string
    thread: number
    after: number
    seen: {
      unread: number
      waiting: number
      read: { address: string; fault: string; write: boolean; threadId: number; waited: number }[]
      threads: { threadId: number; name: string; seenFor: number }[]
    }
  }>('slow-server')
  assert.ok(right)
  assert.ok(took >= 300, `${took} ms`)
  assert.deepEqual([seen.unread, seen.waiting, after], [0, 1, 0])
  const { waited, ...record } = seen.read[0]!
  assert.deepEqual(record, { address, fault: 'missing', write: false, threadId: thread })
  assert.ok(waited >= 60 && waited < 300, `${waited} ms`)
  assert.deepEqual(
    seen.threads.map(({ threadId }) => threadId),
    [thread],
  )
  assert.ok(seen.threads[0]!.seenFor >= 60)
})

test('a handler loop allocates nothing for an event', { skip }, () => {
  // The smallest thing that JavaScript could allocate has 12 bytes; measuring itself takes some.
  const { perEvent } = inChild<{ perEvent: number }>('steady-heap', { timeout: 300_000 })
  assert.ok(perEvent < 6, `${perEvent} bytes an event`)
})

test('a write to a read-only page that is missing fails at once, without waiting for a server who maps memory', {
  skip,
}, () => {
  const { reasons, right, served } = inChild<{ reasons: string[]; right: boolean[]; served: number }>(
    'read-only-while-served',
  )
  assert.deepEqual(reasons, ['read-only', 'read-only', 'read-only'])
  assert.deepEqual(right, [true, true, true, true])
  assert.equal(served, 4)
})
