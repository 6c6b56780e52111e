// Builds the addon: one object a source, as many at once as there are processors, and only those whose source or headers changed.
// No generator, nothing downloaded: it needs a C++ compiler (CXX, by default c++) and the Node-API headers, and runs in an installed package too.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Progress } from './progress.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

// Paths are relative to the root, so that a compiler cache can share objects between checkouts.
const compileFlags = [
  '-std=c++17',
  '-O2',
  '-g1',
  '-fPIC',
  '-fno-exceptions',
  '-fno-rtti',
  '-fno-plt',
  '-fvisibility=hidden',
  '-Wall',
  '-Wextra',
  '-Werror=return-type',
  '-pthread',
  '-DNAPI_VERSION=9',
  '-Inative',
]
// Node closes the addons of a Worker that ends, and the signal handler must outlive it.
// What is linked in statically (a C++ library) stays the addon's own.
const linkFlags = [
  '-shared',
  '-pthread',
  '-Wl,-z,nodelete',
  '-Wl,--gc-sections',
  '-Wl,--version-script=native/exports.map',
]

/** The keeper is a program of its own. It shares the second file with the addon. */
const keeperSources = [join('native', 'keeper') + sep, join('native', 'userfaultfd', 'poison.cc')]

/**
 * Builds the addon, and the keeper beside it, unless the existing one was built from these sources and headers by this compiler with these flags.
 *
 * @param {{ compiler?: string, link?: string[], objects?: string, output?: string, build?: boolean }} options
 *   `compiler`: the command, with its first arguments (`ccache c++`); `link`: further flags of the linker;
 *   `objects` and `output`: where to put the objects and the addon, relative to the package's root; `build: false` only looks
 * @returns {Promise<string>} `fresh`, `built`, `stale` or why it was skipped
 */
export async function buildNative({
  compiler = process.env.CXX || 'c++',
  link = [],
  objects = join('build', 'objects'),
  output = join('build', 'vmarea.node'),
  build = true,
} = {}) {
  if (process.platform !== 'linux') return 'skipped: the addon is for Linux'
  const command = compiler.trim().split(/\s+/)
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const compile = [...command, ...compileFlags, `-DVMAREA_VERSION="${version}"`, `-I${headersFolder()}`]
  const linker = [...command, ...linkFlags, ...link]
  const hashes = new Map()
  const sources = nativeSources()
  const jobs = sources.map((source) => ({ source, object: join(objects, source.replace(/\.cc$/, '.o')) }))
  const stale = jobs.filter(({ object }) => readOr(`${object}.key`) !== keyOf(compile, object, hashes))
  const keeper = join(dirname(output), 'vmarea-keeper')
  const ofKeeper = jobs.filter(({ source }) => keeperSources.some((part) => source.startsWith(part)))
  const ofAddon = jobs.filter(({ source }) => !source.startsWith(keeperSources[0]))
  const linked = () =>
    hashOf(JSON.stringify([linker, readOr('native/exports.map'), ...jobs.map(({ object }) => readOr(`${object}.key`))]))
  if (
    stale.length === 0 &&
    existsSync(join(root, output)) &&
    existsSync(join(root, keeper)) &&
    readOr(`${output}.key`) === linked()
  )
    return 'fresh'
  if (!build) return 'stale'

  const progress = new Progress('compiling the addon', stale.length)
  await eachAtOnce(availableParallelism(), largestFirst(stale), async ({ source, object }) => {
    mkdirSync(join(root, dirname(object)), { recursive: true })
    // A second build at the same time must not see a half-written object.
    const unfinished = `${object}.${process.pid}`
    const dependencies = ['-MMD', '-MT', 'object', '-MF', `${object}.d`]
    await run([...compile, ...dependencies, '-c', source, '-o', unfinished], progress)
    renameSync(join(root, unfinished), join(root, object))
    writeFileSync(join(root, `${object}.key`), keyOf(compile, object, hashes))
    progress.step()
  })
  const unfinished = `${output}.${process.pid}`
  mkdirSync(join(root, dirname(output)), { recursive: true })
  await run([...linker, ...ofAddon.map(({ object }) => object), '-o', unfinished], progress)
  // A rename keeps the old file's pages for every process that has it loaded.
  renameSync(join(root, unfinished), join(root, output))
  await run([...command, '-pthread', ...link, ...ofKeeper.map(({ object }) => object), '-o', unfinished], progress)
  renameSync(join(root, unfinished), join(root, keeper))
  writeFileSync(join(root, `${output}.key`), linked())
  progress.end()
  removeOthers(objects, new Set(jobs.map(({ object }) => object)))
  return 'built'
}

function nativeSources() {
  return readdirSync(join(root, 'native'), { recursive: true })
    .filter((name) => name.endsWith('.cc'))
    .sort()
    .map((name) => join('native', name))
}

/** The published package brings the headers; a checkout has them from npm. A Node-API addon runs on every later Node. */
function headersFolder() {
  const own = join('native', 'node-api')
  if (existsSync(join(root, own))) return own
  return relative(root, createRequire(import.meta.url)('node-api-headers').include_dir)
}

/** Hashes the command and every file that the object was made from; of an object that does not exist, nothing matches. */
function keyOf(command, object, hashes) {
  const dependencies = readOr(`${object}.d`)
  if (dependencies === undefined || !existsSync(join(root, object))) return 'no object'
  const files = dependencies
    .replace(/^object:/, '')
    .split(/[\s\\]+/)
    .filter((name) => name !== '')
  const parts = files.map((name) => {
    if (!hashes.has(name)) hashes.set(name, hashOf(readOr(name) ?? 'missing'))
    return [name, hashes.get(name)]
  })
  return hashOf(JSON.stringify([process.arch, command, parts]))
}

function hashOf(text) {
  return createHash('sha256').update(text).digest('hex')
}

function readOr(name) {
  const path = join(root, name)
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

function largestFirst(jobs) {
  const size = ({ source }) => statSync(join(root, source)).size
  return jobs.toSorted((one, other) => size(other) - size(one))
}

/** Calls `each` on every item, `count` at a time; after an error no further item is begun. */
async function eachAtOnce(count, items, each) {
  const waiting = [...items]
  let failure
  const worker = async () => {
    while (waiting.length > 0 && failure === undefined) {
      await each(waiting.shift()).catch((error) => {
        failure ??= error
      })
    }
  }
  await Promise.all(Array.from({ length: count }, worker))
  if (failure !== undefined) throw failure
}

/** Runs a command in the root and prints what it says when it ends, so that two compilers' messages do not mix. */
function run([command, ...args], progress) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    const said = []
    child.stdout.on('data', (chunk) => said.push(chunk))
    child.stderr.on('data', (chunk) => said.push(chunk))
    child.on('error', () =>
      reject(new Error(`could not run ${command}: install g++ or clang, or set CXX to a compiler`)),
    )
    child.on('close', (code, signal) => {
      if (said.length > 0) progress.print(Buffer.concat(said).toString())
      if (code === 0) resolve()
      else reject(new Error(`${command} ended with ${signal ?? code}`))
    })
  })
}

function removeOthers(objects, kept) {
  for (const name of readdirSync(join(root, objects), { recursive: true })) {
    if (!/\.o(\.key|\.d)?$/.test(name)) continue
    if (!kept.has(join(objects, name.replace(/\.(key|d)$/, '')))) rmSync(join(root, objects, name), { force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(`native: ${await buildNative()}`)
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
