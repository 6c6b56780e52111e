// Builds the addon: one compiler call, no generator, nothing downloaded.
// The Node-API headers come from the npm package node-api-headers; a Node-API addon runs on every later Node.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const nativeFolder = join(root, 'native')
const output = join(root, 'build', 'vmarea.node')
const stamp = join(root, 'build', 'vmarea.stamp')

/** Builds the addon unless the one that stands was built from these very sources with these flags. */
export function buildNative() {
  if (process.platform !== 'linux') return 'skipped: the addon is for Linux'
  const sources = readdirSync(nativeFolder)
    .filter((name) => name.endsWith('.cc'))
    .sort()
    .map((name) => join(nativeFolder, name))
  const compiler = process.env.CXX ?? 'c++'
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const flags = [
    '-std=c++17',
    '-O2',
    '-g1',
    '-fPIC',
    '-shared',
    '-fno-exceptions',
    '-fno-rtti',
    '-fno-plt',
    '-fvisibility=hidden',
    '-Wall',
    '-Wextra',
    '-Werror=return-type',
    '-pthread',
    // Node closes the addons of a Worker that ends, and the signal handler must outlive it.
    '-Wl,-z,nodelete',
    '-DNAPI_VERSION=9',
    `-DVMAREA_VERSION="${version}"`,
    `-I${createRequire(import.meta.url)('node-api-headers').include_dir}`,
  ]
  const fingerprint = fingerprintOf(compiler, flags)
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return 'fresh'
  mkdirSync(dirname(output), { recursive: true })
  const unfinished = `${output}.${process.pid}`
  const result = spawnSync(compiler, [...flags, ...sources, '-o', unfinished], { stdio: 'inherit' })
  if (result.error) throw new Error(`no C++ compiler: could not run ${compiler} (install g++ or clang, or set CXX)`)
  if (result.status !== 0) throw new Error(`${compiler} exited with ${result.status}`)
  // A rename keeps the old file's pages for whoever has it loaded.
  renameSync(unfinished, output)
  writeFileSync(stamp, fingerprint)
  return 'built'
}

function fingerprintOf(compiler, flags) {
  const hash = createHash('sha256').update(JSON.stringify([compiler, flags, process.arch]))
  for (const name of readdirSync(nativeFolder).sort()) hash.update(name).update(readFileSync(join(nativeFolder, name)))
  return hash.digest('hex')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(`native: ${buildNative()}`)
