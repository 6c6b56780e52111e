import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzz } from './fuzz.js'

// The same calls each time, so that a failure comes from a change; `npm run fuzz` makes others.
const seed = Number(process.env.VMAREA_SEED ?? 20261129)
const once = process.env.VMAREA_SOAK === 'off' ? 'random runs are left out (VMAREA_SOAK=off)' : false

test(`random calls on any thread, at any depth of the stack and up to any end neither crash, hang nor corrupt memory (seed ${seed})`, {
  skip: once,
}, async () => {
  const { children, failures } = await fuzz({ seconds: 20, seed, shrinks: false, tell: console.log })
  assert.deepEqual(failures, [])
  assert.ok(children > 0)
})
