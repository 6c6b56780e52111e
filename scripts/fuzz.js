// npm run fuzz -- --seconds 1800 --seed S: random calls over the whole API in child processes: deep stacks, several threads, terminations, exits.
// A failure is shrunk to its first calls and printed with the command that repeats it.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { setUp } from './set-up.js'

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, seed: { type: 'string' }, steps: { type: 'string' } },
})
await setUp({ tests: true })
const { fuzz } = await import(join(dirname(dirname(fileURLToPath(import.meta.url))), 'test-dist', 'fuzz', 'fuzz.js'))
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
const seconds = Number(values.seconds ?? 1800)
console.log(`fuzz: ${seconds} s from seed ${seed}`)
const { calls, children, failures } = await fuzz({
  seconds,
  seed,
  steps: values.steps === undefined ? undefined : Number(values.steps),
  tell: console.log,
})
console.log(`${calls} calls in ${children} processes`)
for (const failure of failures) console.error(failure)
process.exit(failures.length > 0 ? 1 : 0)
