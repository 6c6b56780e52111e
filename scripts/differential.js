// npm run differential -- --calls N --seed S: random sequences of calls on the model and on the kernel, compared after each call.
// A difference is shrunk and printed as a case; it ends the run with 1.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { setUp } from './set-up.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { values } = parseArgs({ options: { calls: { type: 'string' }, seed: { type: 'string' } } })
const calls = Number(values.calls ?? 100_000)
const seed = Number(values.seed ?? Date.now() % 2 ** 31)

await setUp({ tests: true })
const { KernelSide } = await import(join(root, 'test-dist', 'differential', 'kernel-side.js'))
const { runRandom } = await import(join(root, 'test-dist', 'differential', 'check.js'))
console.log(`differential: ${calls} calls from seed ${seed}`)
const kernel = new KernelSide(root)
const started = performance.now()
const { done, once, difference } = await runRandom(kernel, seed, calls)
const seconds = (performance.now() - started) / 1000
kernel.close()
console.log(`${done} calls without a difference in ${seconds.toFixed(1)} s (${Math.round(done / seconds)} a second)`)
if (once > 0) console.log(`${once} sequences differed once and not again: a page may be reclaimed at any moment`)
if (difference !== undefined) {
  console.log(difference)
  process.exitCode = 1
}
