import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runRandom } from '../differential/check.js'
import { KernelSide } from '../differential/kernel-side.js'
import { whyNotComparable } from '../differential/why-not-comparable.js'
import { longRuns } from '../support/long-runs.js'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const milliseconds = longRuns ? 12_000 : 4000
const fewest = 1000

test('random calls on the model and on the kernel agree', { skip: whyNotComparable() }, async (context) => {
  const seed = Date.now() % 2 ** 31
  const kernel = new KernelSide(root)
  try {
    const until = performance.now() + milliseconds
    // A machine under load takes its time for the first, and then has none left for more.
    const first = await runRandom(kernel, seed, fewest)
    assert.equal(first.difference, undefined, first.difference)
    const { done, once, difference } = await runRandom(kernel, seed + fewest, Infinity, until)
    const unrepeated = first.once + once
    context.diagnostic(`seed ${seed}: ${first.done + done} calls, ${unrepeated} sequences differed only once`)
    assert.equal(difference, undefined, difference)
    assert.ok(first.done >= fewest)
    // A page that was reclaimed meanwhile is rare.
    assert.ok(unrepeated <= 3, `${unrepeated} sequences differed once and not again`)
  } finally {
    kernel.close()
  }
})
