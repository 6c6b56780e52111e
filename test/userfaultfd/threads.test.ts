import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inChild } from './in-child.js'
import { page } from './memory.js'
import { skipWithout } from './skip.js'

const skip = skipWithout('thread_id', 'poison')

for (const [workers, servers] of [
  [1, 1],
  [4, 1],
  [4, 3],
] as const) {
  test(`${workers} Workers fault, ${servers} serve: every byte is right and no thread is left waiting`, {
    skip,
  }, () => {
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

test('a handler that throws: unserved pages fail, served pages stay, and a later copy replaces the poison', {
  skip,
}, () => {
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
  assert.equal(mended, page)
})

test('a handler that is terminated with a fault in hand: the access fails', { skip }, () => {
  const { seen } = inChild<{ seen: { pages: unknown[] } }>('server-ends', { args: ['terminated'] })
  assert.deepEqual(seen.pages, Array(8).fill('poisoned'))
})

test("whenServerEnds: 'wait' lets the thread wait for the next server", { skip }, () => {
  const { seen } = inChild<{ seen: { pages: unknown[]; right: boolean } }>('server-ends', { args: ['waits'] })
  assert.ok(seen.right)
  assert.ok(
    seen.pages.every((one) => typeof one === 'number'),
    JSON.stringify(seen.pages),
  )
})

test('a handler that is slow: the access waits, and where and how long can be seen', { skip }, () => {
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
      waitedAtFirst: number
    }
  }>('slow-server')
  assert.ok(right)
  assert.deepEqual([seen.unread, seen.waiting, after], [0, 1, 0])
  const { waited, ...record } = seen.read[0]!
  assert.deepEqual(record, { address, fault: 'missing', write: false, threadId: thread })
  // It counts from when the fault was read, after the touch and before the answer.
  assert.ok(waited >= seen.waitedAtFirst + 60 && waited <= took, `${waited} ms of ${took} ms`)
  assert.deepEqual(
    seen.threads.map(({ threadId }) => threadId),
    [thread],
  )
  assert.ok(seen.threads[0]!.seenFor >= 60)
})

test('a handler loop allocates nothing for an event', { skip }, () => {
  // With so much room that nothing is collected while it is measured. What the engine makes one piece of differs from run to run, and an
  // address that goes from one piece to another is an object: what the loop itself allocates it does in every run.
  const flags = ['--min-semi-space-size=64', '--max-semi-space-size=64']
  const seen: number[][] = []
  for (let runs = 0; runs < 5; runs++) {
    const { perEvent } = inChild<{ perEvent: number[] }>('steady-heap', { flags, timeout: 300_000 })
    seen.push(perEvent)
    if (perEvent.at(-1)! >= 0 && perEvent.at(-1)! < 6) return
  }
  assert.fail(`bytes an event: ${JSON.stringify(seen)}`)
})

test('a write to a read-only page that is missing fails at once, without waiting for a server that maps memory', {
  skip,
}, () => {
  const { reasons, right, served } = inChild<{ reasons: string[]; right: boolean[]; served: number }>(
    'read-only-while-served',
  )
  assert.deepEqual(reasons, ['read-only', 'read-only', 'read-only'])
  assert.deepEqual(right, [true, true, true, true])
  assert.equal(served, 4)
})
