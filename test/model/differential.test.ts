import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runRandom } from '../differential/check.js'
import { KernelSide } from '../differential/kernel-side.js'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const milliseconds = 15_000

/** Why the check can't be made here: it asks Linux on x86-64, as the superuser, in pages of 4 KiB. */
function missing(): string | false {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'wants Linux on x86-64'
  if (process.getuid?.() !== 0) return 'wants the capabilities of root'
  return false
}

test('random calls on the model and on the kernel agree', { skip: missing() }, async (context) => {
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
