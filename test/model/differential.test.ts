import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runRandom } from '../differential/check.js'
import { KernelSide } from '../differential/kernel-side.js'
import { whyNotComparable } from '../differential/why-not-comparable.js'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const milliseconds = 12_000

test('random calls on the model and on the kernel agree', { skip: whyNotComparable() }, async (context) => {
  const seed = Date.now() % 2 ** 31
  const kernel = new KernelSide(root)
  try {
    const { done, difference } = await runRandom(kernel, seed, Infinity, performance.now() + milliseconds)
    context.diagnostic(`seed ${seed}: ${done} calls`)
    assert.equal(difference, undefined, difference)
    assert.ok(done > 1000, `only ${done} calls in ${milliseconds} ms`)
  } finally {
    kernel.close()
  }
})
