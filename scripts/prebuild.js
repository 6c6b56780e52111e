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

/** The oldest glibc that the binaries load with is that of Debian 10, RHEL 8 and Ubuntu 20.04; the oldest musl, 1.2. */
export const targets = {
  'linux-x64-glibc': { triple: 'x86_64-linux-gnu.2.28', machine: 'x86-64', libc: 'glibc' },
  'linux-x64-musl': { triple: 'x86_64-linux-musl', machine: 'x86-64', libc: 'musl' },
  'linux-arm64-glibc': { triple: 'aarch64-linux-gnu.2.28', machine: 'AArch64', libc: 'glibc' },
  'linux-arm64-musl': { triple: 'aarch64-linux-musl', machine: 'AArch64', libc: 'musl' },
}

/** Builds the binaries that are stale and checks each. Resolves to their names and sizes. */
export async function prebuild(names = Object.keys(targets)) {
  const zig = zigCommand()
  process.env.ZIG_GLOBAL_CACHE_DIR ??= join(root, 'build', 'zig-cache')
  const built = []
  for (const name of names) {
    const target = targets[name]
    if (target === undefined) throw new Error(`no target ${name}: there are ${Object.keys(targets).join(', ')}`)
    const output = join('prebuilds', name, 'vmarea.node')
    await buildNative({
      compiler: `${zig} c++ -target ${target.triple}`,
      // zig links programs for musl statically unless told not to: the keeper would be three times as large in the package.
      link: target.libc === 'musl' ? ['-s', '-dynamic'] : ['-s'],
      // Not among the objects of this machine's own build, which deletes files that it does not know.
      objects: join('build', `objects-${name}`),
      output,
    })
    checkBinary(join(root, output), target)
    const size = (file) => statSync(join(root, 'prebuilds', name, file)).size
    built.push({ name, bytes: size('vmarea.node'), keeper: size('vmarea-keeper') })
  }
  return built
}

/** The zig that ZIG names, or the one that is installed into build/ once. */
function zigCommand() {
  if (process.env.ZIG) return process.env.ZIG
  const folder = join('build', `zig-${ZIG_VERSION}`)
  const zig = join(folder, 'ziglang', 'zig')
  if (existsSync(join(root, zig))) return zig
  console.error(`installing ziglang ${ZIG_VERSION} into ${folder}`)
  mkdirSync(join(root, folder), { recursive: true })
  const install = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder, `ziglang==${ZIG_VERSION}`]
  const { status, error } = spawnSync('python3', install, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status === 0) return zig
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
