// npm run bench: every figure beside its floor, measured in the same run. --peers adds other libraries' figures, and with
// --firecracker PATH those of guests of that virtual machine monitor. --umap PATH is a repository of LLNL/umap, which git fetches otherwise.
// --runs N runs each N times and prints the medians, with the lowest and the highest ratio. Arguments: parts of names to run only those.
import { fork } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve as resolvePath } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { setUp } from './set-up.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peers: { type: 'boolean' },
    firecracker: { type: 'string' },
    umap: { type: 'string' },
    runs: { type: 'string', default: '1' },
  },
})
const count = Number(values.runs)
if (!Number.isInteger(count) || count < 1)
  throw new Error(`--runs must be a whole number from 1 on, and is ${values.runs}`)
await setUp()
const { environment } = await import('../bench/support/environment.js')
const { medianRows } = await import('../bench/support/median-rows.js')
const { printRows } = await import('../bench/support/print-rows.js')

const folder = join(root, 'bench')
const names = readdirSync(folder, { recursive: true })
  .filter((name) => name.endsWith('.js') && !name.startsWith('support') && !name.includes('node_modules'))
  .filter((name) => values.peers || !name.startsWith('peers'))
  .filter((name) => positionals.length === 0 || positionals.some((part) => name.includes(part)))
  .sort()
console.log(
  Object.entries(environment())
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n'),
  '\n',
)
if (values.firecracker !== undefined) process.env.VMAREA_FIRECRACKER = resolvePath(values.firecracker)
if (values.umap !== undefined) process.env.VMAREA_UMAP = resolvePath(values.umap)
const rows = []
for (const name of names) {
  // A process a file: no benchmark inherits another's heap or compiled code.
  const program = `import { run } from ${JSON.stringify(join(folder, name))}; process.send(await run())`
  const runs = []
  for (let run = 0; run < count; run++) runs.push(await inChild(program))
  const result = medianRows(runs)
  console.log(relative(root, join(folder, name)))
  printRows(result)
  rows.push(...result)
}
writeFileSync(join(root, 'build', 'bench.json'), `${JSON.stringify({ environment: environment(), rows }, null, 2)}\n`)

function inChild(program) {
  const { promise, resolve, reject } = withResolvers()
  const child = fork('/dev/null', [], { execArgv: ['--expose-gc', '--input-type=module', '--eval', program] })
  child.on('message', resolve)
  child.on('exit', (code, signal) => reject(new Error(`the benchmark ended with ${code ?? signal} and no rows`)))
  return promise
}

function withResolvers() {
  const result = {}
  result.promise = new Promise((resolve, reject) => Object.assign(result, { resolve, reject }))
  return result
}
