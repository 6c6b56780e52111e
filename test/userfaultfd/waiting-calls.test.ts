import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inChild } from './in-child.js'
import { skipWithout } from './skip.js'

const skip = skipWithout('poison')

for (const scenario of ['read', 'write', 'populate']) {
  test(`32 calls that ${scenario} wait at once for a driver that needs libuv's pool`, { skip }, () => {
    const answer = inChild<Record<string, unknown>>('waiting-calls', { args: [scenario, '32'] })
    assert.equal(answer.most, 32)
    if (scenario === 'read') assert.equal(answer.wrong, 0)
    if (scenario === 'write') assert.deepEqual(answer.seen, [9, 9, 9, 9, 3])
    if (scenario === 'populate') assert.equal(answer.resident, '1'.repeat(32))
  })
}

test('more calls than there may be threads wait for each other, and are all answered', { skip }, () => {
  const { wrong, most } = inChild<{ wrong: number; most: number }>('waiting-calls', { args: ['read', '192'] })
  assert.equal(wrong, 0)
  assert.equal(most, 64)
})

for (const how of ['exit', 'throw', 'terminate']) {
  test(`a thread that ends (${how}) while its calls wait: no crash, no hang, nothing left`, { skip }, () => {
    const { left } = inChild<{ left: number }>('waiting-calls', { args: ['ends', '9', how], timeout: 60_000 })
    assert.ok(left < 0.9, `the addresses of ${left} regions are left, of 8`)
  })
}

test('idle threads end, and new ones start when there is work', { skip }, () => {
  assert.deepEqual(inChild('waiting-calls', { args: ['idle', '16'] }), { again: 7 })
})
