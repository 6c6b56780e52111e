// npm run test:kernels [MACHINE…] [-- PART…]: runs test files on other kernels and processors, and with another C library.
//
// The kernels and the guest's files are Debian's packages; what was fetched is kept in build/kernels. A machine that can't be made here is
// skipped with the reason. Where KVM works, the whole of the suite that depends on the kernel runs; elsewhere qemu emulates, and a short list
// of files runs. The full output of a machine is in build/kernels/MACHINE.tap.
import { existsSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeBootImage } from './kernels/boot-image.js'
import { chosenFiles } from './kernels/chosen-files.js'
import { run } from './kernels/commands.js'
import { MUSL, machines } from './kernels/machines.js'
import { makeRootTree } from './kernels/root-tree.js'
import { runInGuest } from './kernels/run-in-guest.js'
import { runInTree } from './kernels/run-in-tree.js'
import { runInUserMode } from './kernels/run-in-user-mode.js'
import { TapResults } from './kernels/tap-results.js'
import { Unavailable } from './kernels/unavailable.js'
import { userModeKernel } from './kernels/user-mode-kernel.js'
import { prebuild } from './prebuild.js'
import { setUp } from './set-up.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const cache = join(root, 'build', 'kernels')
/** Seconds for one file. */
const FILE_LIMIT = 600
/** The same where each instruction is emulated. */
const EMULATED_FILE_LIMIT = 1800
/** The factor for the time limits of tests where each instruction is emulated. */
const EMULATED_TIME_FACTOR = 10
/** Milliseconds for a guest to start a program. A KVM that only interprets the guest takes longer. */
const PROBE_LIMIT = 30_000

const { names, parts } = argumentsOf(process.argv.slice(2))
await setUp({ tests: true })
mkdirSync(cache, { recursive: true })
const all = readdirSync(join(root, 'test-dist'), { recursive: true })
  .filter((name) => name.endsWith('.test.js'))
  .sort()
const images = new Map()
let kvmWorks
const rows = []
for (const name of names) {
  const row = await rowOf(name)
  rows.push(row)
  console.log(`${name}: ${describe(row)}`)
}
console.log(`\n${table(rows)}`)
for (const { name, results } of rows) {
  for (const failure of results?.failures ?? []) console.log(`failed on ${name}: ${failure}`)
}
process.exitCode = rows.some(({ results, broken }) => broken !== undefined || results?.failures.length > 0) ? 1 : 0

function argumentsOf(args) {
  const known = [...Object.keys(machines), MUSL]
  const chosen = args.filter((arg) => known.includes(arg))
  return {
    names: chosen.length > 0 ? known.filter((name) => chosen.includes(name)) : known,
    parts: args.filter((arg) => !known.includes(arg) && arg !== '--'),
  }
}

/** @returns {Promise<{ name: string, how: string, results?: TapResults, skipped?: string, broken?: string, seconds: number }>} */
async function rowOf(name) {
  const started = performance.now()
  const seconds = () => Math.round((performance.now() - started) / 1000)
  try {
    const start = name === MUSL ? onMusl : machines[name].userMode ? onUserMode : onKernel
    const { how, results } = await start(name, machines[name])
    return { name, how, results, seconds: seconds() }
  } catch (error) {
    const why = error instanceof Unavailable ? { skipped: error.message } : { broken: error.message }
    return { name, how: machines[name]?.title ?? 'this kernel', ...why, seconds: seconds() }
  }
}

async function onKernel(name, machine) {
  const { architecture } = machine
  const isOwn = architecture === (process.arch === 'x64' ? 'amd64' : process.arch)
  const { tree, image } = await imageOf(architecture, isOwn)
  const boot = makeBootImage(cache, machine, tree)
  const guest = { architecture, boot, image }
  if (isOwn) kvmWorks ??= await probeKvm(guest)
  const kvm = isOwn && kvmWorks
  const files = chosenFiles(all, parts, kvm ? 'native' : 'emulated')
  const environment = kvm ? '' : `VMAREA_TIME_FACTOR=${EMULATED_TIME_FACTOR} `
  const limit = kvm ? FILE_LIMIT : EMULATED_FILE_LIMIT
  const how = `${boot.version}, ${machine.title}, ${kvm ? 'KVM' : 'emulated'}`
  console.log(`${name}: ${files.length} files on ${how}`)
  const results = await collect(name, files, (batch, onLine) =>
    runInGuest({
      ...guest,
      kvm,
      command: `${environment}/run-files ${limit} ${batch.join(' ')}`,
      milliseconds: (limit * batch.length + 120) * 1000,
      onLine,
    }),
  )
  return { how, results }
}

async function onUserMode(name, machine) {
  const { program, version } = userModeKernel(cache, machine)
  const { image } = await imageOf(machine.architecture, true)
  const files = chosenFiles(all, parts, 'user-mode')
  const how = `${version}, ${machine.title}`
  console.log(`${name}: ${files.length} files on ${how}`)
  const results = await collect(name, files, (batch, onLine) =>
    runInUserMode({
      program,
      image,
      command: `VMAREA_TIME_FACTOR=${EMULATED_TIME_FACTOR} /run-files ${FILE_LIMIT} ${batch.join(' ')}`,
      milliseconds: (FILE_LIMIT * batch.length + 120) * 1000,
      onLine,
    }),
  )
  return { how, results }
}

async function onMusl(name) {
  const addon = await crossBuilt('linux-x64-musl')
  const tree = makeRootTree(cache, { architecture: 'amd64', musl: true, addon })
  const files = chosenFiles(all, parts, 'native')
  const how = `this kernel, musl, ${await linesOf((onLine) => runInTree({ tree, command: 'node --version', timeFactor: 1, onLine }))}`
  console.log(`${name}: ${files.length} files on ${how}`)
  const results = await collect(name, files, (batch, onLine) =>
    runInTree({ tree, command: `/run-files ${FILE_LIMIT} ${batch.join(' ')}`, timeFactor: 1, onLine }),
  )
  return { how, results }
}

async function linesOf(start) {
  const lines = []
  const code = await start((line) => lines.push(line))
  if (code !== 0) throw new Error(`a program did not start in the tree of musl: it ended with ${code}`)
  return lines.join(' ')
}

/** Runs files until each has a result. If the machine ends, the file that ran then has failed. */
async function collect(name, files, start) {
  const results = new TapResults()
  const log = openSync(join(cache, `${name}.tap`), 'w')
  const onLine = (line) => {
    writeSync(log, `${line}\n`)
    results.add(line)
    const file = results.files.at(-1)
    if (line.startsWith('@@ result')) {
      console.log(`  ${file.name}: ${file.passed} passed, ${file.failed.length} failed, ${file.skipped.length} skipped`)
    }
  }
  for (let rest = files; rest.length > 0; rest = files.slice(results.files.length)) {
    const before = results.files.length
    // The kernel's command line is short.
    await start(rest.slice(0, 30), onLine)
    const last = results.files.at(-1)
    if (results.files.length === before)
      throw new Error(`it did not start: ${join(cache, `${name}.tap`)} has what it said`)
    if (last.code === undefined) results.add(`@@ result ${137}`)
  }
  return results
}

/** One image for each architecture serves every kernel of it. */
async function imageOf(architecture, isOwn) {
  if (!images.has(architecture)) {
    const addon = isOwn ? join(root, 'build') : await crossBuilt(`linux-${architecture}-glibc`)
    const tree = makeRootTree(cache, { architecture, addon })
    const image = join(cache, `root-${architecture}.ext4`)
    rmSync(image, { force: true })
    run('mke2fs', ['-q', '-t', 'ext4', '-O', '^metadata_csum,^orphan_file', '-d', tree, image, '2500M'])
    images.set(architecture, { tree, image })
  }
  return images.get(architecture)
}

async function crossBuilt(target) {
  await prebuild([target]).catch((error) => {
    throw new Unavailable(error.message)
  })
  return join(root, 'prebuilds', target)
}

async function probeKvm(guest) {
  if (!existsSync('/dev/kvm')) return false
  let works = false
  const onLine = (line) => {
    works ||= line === '@@ ended 0'
  }
  await runInGuest({ ...guest, kvm: true, command: 'node --version', milliseconds: PROBE_LIMIT, onLine }).catch(
    () => {},
  )
  if (!works) console.error(`KVM did not start a guest within ${PROBE_LIMIT / 1000} s: qemu emulates`)
  return works
}

function describe({ how, results, skipped, broken, seconds }) {
  if (broken !== undefined) return `failed before its first file: ${broken}`
  if (skipped !== undefined) return `skipped: ${skipped}`
  const sum = (count) => results.files.reduce((total, file) => total + count(file), 0)
  const failed = results.failures.length
  return `${how}: ${results.files.length} files, ${sum(({ passed }) => passed)} passed, ${failed} failed, ${sum(({ skipped: list }) => list.length)} skipped, ${seconds} s`
}

function table(all) {
  return all.map((row) => `| ${row.name} | ${describe(row)} |`).join('\n')
}
