// npm test: sets up what is missing, then runs every test file in a process of its own.
// Arguments: parts of file names to run only those, with each test's name; --node PATH to run them on another Node.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { setUp } from './set-up.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { values, positionals } = parseArgs({ allowPositionals: true, options: { node: { type: 'string' } } })

await setUp({ tests: true })
const files = readdirSync(join(root, 'test-dist'), { recursive: true })
  .filter((name) => name.endsWith('.test.js'))
  // What takes minutes and the network runs by its own name: `npm run test:package`.
  .filter((name) => !name.startsWith('package/') || positionals.includes('package/'))
  .filter((name) => positionals.length === 0 || positionals.some((part) => name.includes(part)))
  .sort()
if (files.length === 0) {
  console.error(`no test file's name contains ${positionals.join(' or ')}`)
  process.exit(2)
}
const result = spawnSync(
  values.node ?? process.execPath,
  [
    '--expose-gc',
    '--enable-source-maps',
    '--test',
    `--test-reporter=${positionals.length === 0 ? pathToFileURL(join(root, 'scripts', 'test-report.js')) : 'spec'}`,
    // A hang is a failure with a name, not a run without an end. Node 20 and 22 count a whole file against it.
    `--test-timeout=${positionals.includes('package/') ? 1_800_000 : 600_000}`,
    `--test-concurrency=${availableParallelism()}`,
    ...files.map((name) => join(root, 'test-dist', name)),
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, VMAREA_TEST_FILES: String(files.length) } },
)
process.exit(result.status ?? 1)
