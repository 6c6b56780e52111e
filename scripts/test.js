// npm test: sets up what is missing, then runs every test file in a process of its own.
// Arguments: parts of file names to run only those, with each test's name; --node PATH to run them on another Node; and as .ci/run does it,
// --again, to run a file that failed three times more by itself, and to count it as unsteady, by name, where all three pass, and --long, for
// random runs and repetitions that take minutes.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { MOST_UNSTEADY } from './most-unsteady.js'
import { setUp } from './set-up.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const options = { node: { type: 'string' }, again: { type: 'boolean' }, long: { type: 'boolean' } }
const { values, positionals } = parseArgs({ allowPositionals: true, options })

await setUp({ tests: true })
const files = readdirSync(join(root, 'test-dist'), { recursive: true })
  .filter((name) => name.endsWith('.test.js'))
  // The tests of the package take minutes and the network: `npm run test:package` runs them.
  .filter((name) => !name.startsWith('package/') || positionals.includes('package/'))
  .filter((name) => positionals.length === 0 || positionals.some((part) => name.includes(part)))
  .sort()
if (files.length === 0) {
  console.error(`no test file's name contains ${positionals.join(' or ')}`)
  process.exit(2)
}
const notes = mkdtempSync(join(tmpdir(), 'vmarea-failures-'))
const list = join(notes, 'files')
process.on('exit', () => rmSync(notes, { recursive: true, force: true }))

const status = run(files)
if (status === 0 || !values.again || positionals.length > 0) process.exit(status)
const failed = failedFiles()
const name = (path) => relative('test-dist', path)
const isKnown = failed.every((path) => files.includes(name(path)))
if (failed.length === 0 || failed.length > MOST_UNSTEADY || !isKnown) process.exit(status)
console.log(`\n${failed.map(name).join(', ')}: three times more, alone`)
for (let round = 0; round < 3; round++) if (failed.some((path) => run([name(path)]) !== 0)) process.exit(status)
for (const path of failed)
  console.log(`unsteady: ${name(path)} failed once and passed three times more; its failure stands above`)

function run(names) {
  const { status } = spawnSync(
    values.node ?? process.execPath,
    [
      '--expose-gc',
      // Each process and thread reads the maps of all that it loads: where parts are named, and a file fails again, lines are the sources'.
      ...(positionals.length > 0 || values.again ? ['--enable-source-maps'] : []),
      '--test',
      `--test-reporter=${positionals.length === 0 ? pathToFileURL(join(root, 'scripts', 'test-report.js')) : 'spec'}`,
      // A hang fails by its name, so that the run ends. Node 20 and 22 apply the limit to a whole file.
      `--test-timeout=${positionals.includes('package/') ? 1_800_000 : 600_000}`,
      // One more than processors: many tests wait, for a time limit or for a process that starts.
      `--test-concurrency=${availableParallelism() + 1}`,
      ...names.map((name) => join(root, 'test-dist', name)),
    ],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        ...(values.long ? { VMAREA_LONG: 'on' } : {}),
        VMAREA_TEST_FILES: String(names.length),
        VMAREA_FAILED_FILES: list,
      },
    },
  )
  return status ?? 1
}

function failedFiles() {
  if (!existsSync(list)) return []
  const lines = readFileSync(list, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  // Some Nodes name the source of a test, others the file that runs.
  const paths = lines.map((path) => relative(root, path).replace(/^test\/(.*)\.ts$/, 'test-dist/$1.js'))
  return [...new Set(paths)].sort()
}
