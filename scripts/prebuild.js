// Builds the addon for every platform that the package brings a binary for: prebuilds/linux-<arch>-<libc>/vmarea.node, and vmarea-keeper beside it.
// The compiler is `zig c++` of PyPI's ziglang, which brings the headers of each C library: any x64 machine with Python builds all four.
// Arguments: names of targets to build only those.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildNative } from './build-native.js'
import { checkBinary } from './check-binary.js'

const ZIG_VERSION = '0.17.1'
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const ownZig = join('build', `zig-${ZIG_VERSION}`, 'ziglang', 'zig')

/** The oldest glibc that the binaries load with is that of Debian 10, RHEL 8 and Ubuntu 20.04; the oldest musl, 1.2. */
export const targets = {
  'linux-x64-glibc': { triple: 'x86_64-linux-gnu.2.28', machine: 'x86-64', libc: 'glibc' },
  'linux-x64-musl': { triple: 'x86_64-linux-musl', machine: 'x86-64', libc: 'musl' },
  'linux-arm64-glibc': { triple: 'aarch64-linux-gnu.2.28', machine: 'AArch64', libc: 'glibc' },
  'linux-arm64-musl': { triple: 'aarch64-linux-musl', machine: 'AArch64', libc: 'musl' },
}

/** Builds the binaries that are stale and checks each. Resolves to their names and sizes. */
export async function prebuild(names = Object.keys(targets)) {
  const zig = installZig()
  process.env.ZIG_GLOBAL_CACHE_DIR ??= join(root, 'build', 'zig-cache')
  const built = []
  for (const name of names) {
    if (targets[name] === undefined) throw new Error(`no target ${name}: there are ${Object.keys(targets).join(', ')}`)
    await buildNative(buildOf(name, zig))
    checkBinary(join(root, 'prebuilds', name, 'vmarea.node'), targets[name])
    checkBinary(join(root, 'prebuilds', name, 'vmarea-keeper'), targets[name], 'program')
    const size = (file) => statSync(join(root, 'prebuilds', name, file)).size
    built.push({ name, bytes: size('vmarea.node'), keeper: size('vmarea-keeper') })
  }
  return built
}

/** Resolves to the names of the binaries that these sources were built to. Builds nothing. */
export async function freshBinaries() {
  const names = []
  for (const name of Object.keys(targets))
    if ((await buildNative({ ...buildOf(name, process.env.ZIG || ownZig), build: false })) === 'fresh') names.push(name)
  return names
}

function buildOf(name, zig) {
  const { triple, libc } = targets[name]
  return {
    compiler: `${zig} c++ -target ${triple}`,
    // zig links programs for musl statically unless told not to: the keeper would be three times as large in the package.
    link: libc === 'musl' ? ['-s', '-dynamic'] : ['-s'],
    // Not among the objects of this machine's own build, which deletes files that it does not know.
    objects: join('build', `objects-${name}`),
    output: join('prebuilds', name, 'vmarea.node'),
  }
}

/** The zig that ZIG names, or the one that is installed into build/ once. */
export function installZig() {
  if (process.env.ZIG) return process.env.ZIG
  if (existsSync(join(root, ownZig))) return ownZig
  const folder = dirname(dirname(ownZig))
  console.error(`installing ziglang ${ZIG_VERSION} into ${folder}`)
  mkdirSync(join(root, folder), { recursive: true })
  const install = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder, `ziglang==${ZIG_VERSION}`]
  const { status, error } = spawnSync('python3', install, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status === 0) return ownZig
  rmSync(join(root, folder), { recursive: true, force: true })
  throw new Error(
    `could not install ziglang (${error?.message ?? `pip exited with ${status}`}): set ZIG to a zig ${ZIG_VERSION}`,
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.length > 2 ? process.argv.slice(2) : undefined
  for (const { name, bytes, keeper } of await prebuild(names))
    console.log(`${name}: ${bytes} bytes, and ${keeper} of the keeper`)
}
