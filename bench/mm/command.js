import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { manyAreas } from '../support/many-areas.js'
import { paired } from '../support/paired.js'

const COUNT = 50_000
const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** How long it takes until `vmarea maps` shows its first line, beside Node's own start. */
export async function run() {
  const { pid, stop } = await manyAreas(COUNT)
  try {
    const { measured, floor, ratio } = await paired(
      () => untilOutput(main, 'maps', String(pid)),
      () => untilOutput('-e', 'console.log(1)'),
      5,
    )
    return [
      {
        work: `vmarea maps of ${COUNT} areas, first line`,
        measured: `${measured.toFixed(0)} ms`,
        floor: `${floor.toFixed(0)} ms, Node's own start`,
        ratio,
        target: '1000 ms',
      },
    ]
  } finally {
    stop()
  }
}

async function untilOutput(...args) {
  const started = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  const taken = performance.now() - started
  child.stdout.resume()
  await once(child, 'exit')
  return taken
}
