import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { manyAreas } from '../support/many-areas.js'
import { paired } from '../support/paired.js'
import { publishedForm } from '../support/published-form.js'

const COUNT = 50_000
const CHECKOUT = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** The time until `vmarea maps` prints its first line, beside the start of Node itself. */
export async function run() {
  const many = await manyAreas(COUNT)
  const shell = spawn('sh', ['-c', 'read line'], { stdio: ['pipe', 'ignore', 'ignore'] })
  try {
    await once(shell, 'spawn')
    /** The published form, which users run, and that of the checkout. */
    const forms = { '': `${await publishedForm()}/cli/main.js`, ', from the checkout': CHECKOUT }
    const rows = []
    for (const [suffix, main] of Object.entries(forms)) {
      rows.push(await row(`vmarea maps of ${COUNT} areas, first line${suffix}`, main, many.pid, '350 ms'))
      rows.push(await row(`vmarea maps of a shell, first line${suffix}`, main, shell.pid, '120 ms'))
    }
    return rows
  } finally {
    many.stop()
    shell.kill('SIGKILL')
  }
}

async function row(work, main, pid, target) {
  const { measured, floor, ratio } = await paired(
    () => untilOutput(main, 'maps', String(pid)),
    () => untilOutput('-e', 'console.log(1)'),
    5,
  )
  return {
    work,
    measured: `${measured.toFixed(0)} ms`,
    floor: `${floor.toFixed(0)} ms, Node's own start`,
    ratio,
    target,
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
