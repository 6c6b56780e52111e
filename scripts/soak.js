// npm run soak -- --seconds 3600 --seed S: random use of random devices, with all that is read checked; a line a minute.
// npm run soak -- --opens 10000: opens and closes so many devices, and checks that nothing is left of them.
// npm run soak -- --swap --seconds 600 --seed S: memory swapped to a store that misbehaves at random, with all that is read checked.
// --source userfaultfd|userfaultfd-user-mode-only|guard: uses this source of faults alone. Default: every source that works here.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { setUp } from './set-up.js'

const file = fileURLToPath(import.meta.url)
if (globalThis.gc === undefined) {
  const { status } = spawnSync(process.execPath, ['--expose-gc', file, ...process.argv.slice(2)], { stdio: 'inherit' })
  process.exit(status ?? 1)
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    seed: { type: 'string' },
    opens: { type: 'string' },
    source: { type: 'string' },
    swap: { type: 'boolean' },
  },
})
process.removeAllListeners('warning') // of the deaths that it causes
await setUp({ tests: true })
const compiled = join(dirname(dirname(file)), 'test-dist', 'soak')
const { faultSources } = await import(join(compiled, 'fault-sources.js'))
const sources = values.source === undefined ? faultSources() : [values.source]
if (!values.swap) console.log(`faults come through ${sources.join(', ')}`)

if (values.swap) await soakSwap(Number(values.seconds ?? 600), Number(values.seed ?? Date.now() % 2 ** 31))
else if (values.opens !== undefined) {
  const { openAndClose } = await import(join(compiled, 'open-and-close.js'))
  const opens = Number(values.opens)
  const { milliseconds, processorMilliseconds, memory } = await openAndClose(opens, sources, (done) => {
    if (done > 0 && done % 1000 === 0) console.log(`${done} devices, ${mebibytes(process.memoryUsage.rss())} MiB`)
  })
  const each = `${milliseconds.toFixed(1)} ms each, ${processorMilliseconds.toFixed(1)} of a processor`
  const [before, after] = memory.map(mebibytes)
  console.log(
    `${opens} devices opened and closed, ${each}; nothing is left of them; ${before} MiB before, ${after} after`,
  )
} else {
  const { soak } = await import(join(compiled, 'soak.js'))
  const seed = Number(values.seed ?? Date.now() % 2 ** 31)
  const seconds = Number(values.seconds ?? 3600)
  console.log(`soak: ${seconds} s from seed ${seed}`)
  await soak({ seconds, seed, sources, tell: (line) => console.log(line) })
}

async function soakSwap(seconds, first) {
  const { useErraticStore } = await import(join(dirname(compiled), 'swap', 'erratic-store.js'))
  const end = performance.now() + seconds * 1000
  for (let seed = first; performance.now() < end; seed++) {
    console.log(`seed ${seed}: ${JSON.stringify(await useErraticStore(seed, 1000))}`)
  }
}

function mebibytes(bytes) {
  return Math.round(bytes / 2 ** 20)
}
