import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inChild } from './in-child.js'
import { skipWithout } from './skip.js'

test('move with live writers: not one write is lost', { skip: skipWithout('move') }, (context) => {
  const { expected, sums, evictions, served, busy } = inChild<{
    expected: number[][]
    sums: number[][]
    evictions: number
    served: number
    busy: number
  }>('move-live', { timeout: 300_000 })
  assert.deepEqual(sums, expected)
  assert.ok(evictions >= 3000, `${evictions} evictions`)
  assert.ok(served >= 3000, `${served} faults`)
  context.diagnostic(`${evictions} evictions, ${served} faults, ${busy} busy pages`)
})
