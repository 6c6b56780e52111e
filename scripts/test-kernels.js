// npm run test:kernels [MACHINE…] [-- PART…]: runs test files on other kernels and processors, and with another C library.
//
// The kernels and the guest's files are Debian's packages; what was fetched is kept in build/kernels. A machine that can't be made here is
// skipped with the reason. Where KVM works, guests run at the processor's speed; elsewhere qemu emulates. A list of files runs, each room
// once, and of some files only a few tests where each instruction is emulated; PART is a part of the names of files to run instead.
// After a second --: `--all` runs every file that depends on the kernel, the processor or the C library; `--resume` keeps what has passed in
// the last run of a machine, and runs the rest; `--again`, as .ci/run does it, runs a file that failed three times more by itself, and counts
// it as unsteady, by name, where all three pass. The full output of a machine is in build/kernels/MACHINE.tap.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeBootImage } from './kernels/boot-image.js'
import { chosenFiles } from './kernels/chosen-files.js'
import { collectResults } from './kernels/collect-results.js'
import { run } from './kernels/commands.js'
import { MUSL, machines } from './kernels/machines.js'
import { becomeOnlyRun } from './kernels/only-run.js'
import { makeRootTree } from './kernels/root-tree.js'
import { runInGuest } from './kernels/run-in-guest.js'
import { runInTree } from './kernels/run-in-tree.js'
import { runInUserMode } from './kernels/run-in-user-mode.js'
import { Unavailable } from './kernels/unavailable.js'
import { userModeKernel } from './kernels/user-mode-kernel.js'
import { installZig, prebuild } from './prebuild.js'
import { setUp } from './set-up.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const cache = join(root, 'build', 'kernels')
/** Seconds for one file. */
const FILE_LIMIT = 900
/** The factor for the time limits of tests where each instruction is emulated. */
const EMULATED_TIME_FACTOR = 10
/** Milliseconds for a guest to start a program. A KVM that only interprets the guest takes longer. */
const PROBE_LIMIT = 45_000
/** Characters of a command that fit on the kernel's command line in base64. */
const COMMAND_LENGTH = 1200

const { names, parts, whole, resume, again } = argumentsOf(process.argv.slice(2))
await becomeOnlyRun(cache, (holder) => console.error(`waiting for the end of process ${holder}, which uses ${cache}`))
await setUp({ tests: true })
mkdirSync(cache, { recursive: true })
const all = readdirSync(join(root, 'test-dist'), { recursive: true })
  .filter((name) => name.endsWith('.test.js'))
  .sort()
const unknown = parts.filter((part) => !all.some((name) => name.includes(part)))
if (unknown.length > 0) {
  console.error(`no machine and no test file is called ${unknown.join(' or ')}: the machines are ${known().join(' ')}`)
  process.exit(2)
}
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
  for (const [reason, count] of results?.reasons ?? []) console.log(`skipped on ${name}: ${count} × ${reason}`)
}
for (const { name, results } of rows) {
  for (const file of results?.unsteady ?? [])
    console.log(`unsteady on ${name}: ${file} failed once and passed three times more`)
  for (const failure of results?.failures ?? []) console.log(`failed on ${name}: ${failure}`)
}
process.exitCode = rows.some(({ results, broken }) => broken !== undefined || results?.failures.length > 0) ? 1 : 0

function known() {
  return [...Object.keys(machines), MUSL]
}

function argumentsOf(args) {
  const option = { type: 'boolean', default: false }
  const options = { all: option, resume: option, again: option }
  // npm keeps a second --, behind which everything is positional.
  const { values, positionals } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    allowPositionals: true,
    options,
  })
  const chosen = positionals.filter((arg) => known().includes(arg))
  return {
    names: chosen.length > 0 ? known().filter((name) => chosen.includes(name)) : known(),
    parts: positionals.filter((arg) => !known().includes(arg)),
    whole: values.all,
    resume: values.resume,
    again: values.again,
  }
}

/** @returns {Promise<{ name: string, how: string, results?: import('./kernels/tap-results.js').TapResults, skipped?: string, broken?: string, seconds: number }>} */
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
  const files = filesFor(name, kvm ? 'native' : 'emulated')
  const environment = kvm ? '' : `VMAREA_TIME_FACTOR=${EMULATED_TIME_FACTOR} `
  const how = `${boot.version}, ${machine.title}, ${kvm ? 'KVM' : 'emulated'}`
  console.log(`${name}: ${files.length} files on ${how}`)
  const results = await collect(name, files, (batch, onLine) =>
    runInGuest({
      ...guest,
      kvm,
      command: `${environment}${commandFor(batch)}`,
      milliseconds: (FILE_LIMIT * batch.length + 120) * 1000,
      onLine,
    }),
  )
  return { how, results }
}

async function onUserMode(name, machine) {
  const { program, version } = userModeKernel(cache, machine)
  const { image } = await imageOf(machine.architecture, true)
  if (!(await starts((options) => runInUserMode({ program, image, ...options }))))
    throw new Unavailable(`Linux ${version} as a program did not start Node within ${PROBE_LIMIT / 1000} s here`)
  const files = filesFor(name, 'user-mode')
  const how = `${version}, ${machine.title}`
  console.log(`${name}: ${files.length} files on ${how}`)
  const results = await collect(name, files, (batch, onLine) =>
    runInUserMode({
      program,
      image,
      command: `VMAREA_TIME_FACTOR=${EMULATED_TIME_FACTOR} ${commandFor(batch)}`,
      milliseconds: (FILE_LIMIT * batch.length + 120) * 1000,
      onLine,
    }),
  )
  return { how, results }
}

async function onMusl(name) {
  const addon = await crossBuilt('linux-x64-musl')
  const tree = makeRootTree(cache, { architecture: 'amd64', musl: true, addon })
  const code = await runInTree({ tree, command: 'true', timeFactor: 1, onLine: () => {} })
  if (code !== 0) throw new Unavailable('mount(8) or chroot(8) in a namespace of its own is refused here')
  const files = filesFor(name, 'native')
  const how = `this kernel, musl, ${await linesOf((onLine) => runInTree({ tree, command: 'node --version', timeFactor: 1, onLine }))}`
  console.log(`${name}: ${files.length} files on ${how}`)
  const results = await collect(name, files, (batch, onLine) =>
    runInTree({ tree, command: commandFor(batch), timeFactor: 1, onLine }),
  )
  return { how, results }
}

async function linesOf(start) {
  const lines = []
  const code = await start((line) => lines.push(line))
  if (code !== 0) throw new Error(`a program did not start in the tree of musl: it ended with ${code}`)
  return lines.join(' ')
}

function filesFor(machine, how) {
  return chosenFiles(all, { machine, how, parts, whole })
}

function commandFor(batch) {
  return `/run-files ${FILE_LIMIT} ${batch.map(({ name, tests }) => `${name} '${tests}'`).join(' ')}`
}

function collect(machine, files, start) {
  const fits = (batch) => commandFor(batch).length <= COMMAND_LENGTH
  return collectResults({ path: join(cache, `${machine}.tap`), files, resume, again, fits, start })
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
  try {
    installZig()
  } catch (error) {
    throw new Unavailable(error.message)
  }
  await prebuild([target])
  return join(root, 'prebuilds', target)
}

async function probeKvm(guest) {
  if (!existsSync('/dev/kvm')) return false
  const works = await starts((options) => runInGuest({ ...guest, kvm: true, ...options }))
  if (!works) console.error(`KVM did not start a guest within ${PROBE_LIMIT / 1000} s: qemu emulates`)
  return works
}

/** Whether a machine runs a program and comes to its end. */
async function starts(run) {
  let works = false
  const onLine = (line) => {
    works ||= line === '@@ ended 0'
  }
  await run({ command: 'node --version', milliseconds: PROBE_LIMIT, onLine }).catch(() => {})
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
