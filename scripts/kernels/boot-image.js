import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { run } from './commands.js'
import { DebianPackages } from './debian-packages.js'
import { Unavailable } from './unavailable.js'

/** The modules that mount the root image. A module that is built into the kernel has no file. */
const WANTED = ['virtio_pci', 'virtio_blk', 'virtio_rng', 'crc32c_generic', 'ext4']

const INIT = `#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /root
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
while read -r module; do /bin/busybox insmod "/modules/$module"; done </modules/order
until [ -b /dev/vda ]; do /bin/busybox sleep 0.1; done
/bin/busybox mount -t ext4 /dev/vda /root
for folder in proc sys dev; do /bin/busybox mount -o move /$folder /root/$folder; done
exec /bin/busybox switch_root /root /guest-init
`

/**
 * Fetches a machine's kernel and makes what boots it into the root image. Returns their paths and the kernel's version.
 *
 * @param {string} cache
 * @param {import('./machines.js').Machine} machine
 * @param {string} tree files of the guest's architecture, from which the first programs come
 */
export function makeBootImage(cache, { suite, architecture, series, flavour }, tree) {
  const packages = new DebianPackages(cache, suite, architecture)
  const escaped = series.replaceAll('.', '\\.')
  const pattern = new RegExp(`^linux-(image|binary)-${escaped}[\\d.-]+(?:\\+deb\\d+)?-${flavour}$`)
  const versionOf = (name) => name.replace(/^linux-[a-z]+-/, '')
  const version = packages.names(pattern).map(versionOf).sort(byVersion).at(-1)
  if (version === undefined) throw new Unavailable(`Debian's ${suite} has no kernel ${series} for ${flavour}`)
  // From 7.3 on the package of the image is empty: its parts have packages of their own, and the kernel is beside its modules.
  const names = packages.names(new RegExp(`^linux-(binary|modules)-${version.replaceAll(/[.+]/g, '\\$&')}$`))
  const wanted = names.length > 0 ? names : [`linux-image-${version}`]

  const folder = join(cache, 'kernels', `${version}`)
  const files = { kernel: join(folder, 'vmlinuz'), initrd: join(folder, 'initrd.gz'), version }
  if (existsSync(files.initrd)) return files
  console.error(`fetching Linux ${version}`)
  const unpacked = join(folder, 'unpacked')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(unpacked, { recursive: true })
  for (const archive of packages.fetch(wanted)) run('dpkg-deb', ['-x', archive, unpacked])
  const modules = modulesFolder(unpacked, version)
  const inBoot = join(unpacked, 'boot', `vmlinuz-${version}`)
  copyFileSync(existsSync(inBoot) ? inBoot : join(modules, 'vmlinuz'), files.kernel)
  makeInitramfs(join(folder, 'initramfs'), modules, tree, files.initrd)
  rmSync(unpacked, { recursive: true })
  return files
}

function byVersion(one, other) {
  return one.localeCompare(other, 'en', { numeric: true })
}

function modulesFolder(unpacked, version) {
  const places = ['usr/lib', 'lib'].map((lib) => join(unpacked, lib, 'modules', version))
  const found = places.find((place) => existsSync(place))
  if (found === undefined) throw new Error(`the packages of Linux ${version} hold no modules`)
  return found
}

function makeInitramfs(folder, modules, tree, output) {
  mkdirSync(join(folder, 'bin'), { recursive: true })
  mkdirSync(join(folder, 'modules'))
  copyFileSync(join(tree, 'usr', 'bin', 'busybox'), join(folder, 'bin', 'busybox'))
  writeFileSync(join(folder, 'init'), INIT, { mode: 0o755 })
  const order = loadOrder(modules)
  for (const { name, code } of order) writeFileSync(join(folder, 'modules', name), code)
  writeFileSync(join(folder, 'modules', 'order'), order.map(({ name }) => `${name}\n`).join(''))
  const unfinished = `${output}.unfinished`
  run('sh', ['-c', 'find . | cpio --quiet -o -H newc | gzip -1 > "$0"', unfinished], { cwd: folder })
  copyFileSync(unfinished, output)
  rmSync(unfinished)
  rmSync(folder, { recursive: true })
}

/** The modules, each after those that it depends on. They are read from the modules, because the package has no modules.dep before it is set up. */
function loadOrder(folder) {
  const files = new Map()
  for (const entry of readdirSync(folder, { recursive: true })) {
    const name = /^(.*)\.ko(\.xz)?$/.exec(basename(entry))?.[1]
    if (name !== undefined) files.set(name.replaceAll('-', '_'), join(folder, entry))
  }
  const order = new Map()
  const add = (name) => {
    const path = files.get(name)
    if (path === undefined || order.has(name)) return
    const code = path.endsWith('.xz') ? run('xz', ['-dc', path]) : readFileSync(path)
    order.set(name, undefined)
    const depends = /\0depends=([^\0]*)\0/.exec(`\0${code.toString('latin1')}`)?.[1] ?? ''
    for (const other of depends.split(',')) add(other.replaceAll('-', '_'))
    // Once more: a Map keeps the order in which its keys were first set.
    order.delete(name)
    order.set(name, { name: `${name}.ko`, code })
  }
  for (const name of WANTED) add(name)
  return [...order.values()]
}
