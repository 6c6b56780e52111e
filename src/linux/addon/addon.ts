import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { AddonFunctions } from './addon-functions.js'
import { packageRoot } from './package-root.js'

let loaded: AddonFunctions | undefined

/**
 * The addon of this thread, loaded at first use, so that the package and the model work where the addon can't be loaded.
 *
 * Throws `VmError` `EOPNOTSUPP` on another platform than Linux and `ERR_VMAREA_NOT_BUILT` where there is no binary.
 */
export function addon(): AddonFunctions {
  loaded ??= load()
  return loaded
}

function load(): AddonFunctions {
  if (process.platform !== 'linux') {
    throw new VmError('EOPNOTSUPP', 'mmap', {
      hint: `real memory needs Linux and this is ${process.platform}; the modelled kernel works here`,
    })
  }
  const root = packageRoot()
  if (root === undefined) {
    throw new UsageError(
      'ERR_VMAREA_NOT_BUILT',
      "the code of vmarea is not in its own folder, where its binary is: leave the package out of the bundle (external: ['vmarea']) and install it beside the program",
    )
  }
  const { folder, version } = root
  const built = join(folder, 'build', 'vmarea.node')
  const path = existsSync(built) ? built : prebuilt(folder)
  if (path === undefined) {
    throw new UsageError(
      'ERR_VMAREA_NOT_BUILT',
      `vmarea ${version} has no binary for ${target()} in ${folder}: run \`node ${join(folder, 'scripts', 'build-native.js')}\` (requires a C++ compiler), or, if a bundler put the code there, leave the package out of the bundle (external: ['vmarea'])`,
    )
  }
  // Each thread loads it: `require` would look for its package and read it as a module first.
  const module = { exports: {} as AddonFunctions }
  process.dlopen(module, path)
  const functions = module.exports
  if (functions.version !== version) {
    throw new UsageError(
      'ERR_VMAREA_NOT_BUILT',
      `the binary ${path} is of version ${functions.version} and the package of version ${version}: run \`node ${join(folder, 'scripts', 'build-native.js')}\``,
    )
  }
  // The engine reads the properties of a prototype fast however many there are; of an object with so many it looks each up in a table.
  return Object.create(Object.assign(functions, { folder: dirname(path) })) as AddonFunctions
}

function prebuilt(folder: string): string | undefined {
  const path = join(folder, 'prebuilds', target(), 'vmarea.node')
  return existsSync(path) ? path : undefined
}

/** Such as `linux-x64-glibc`. */
function target(): string {
  return `linux-${process.arch}-${isMusl() ? 'musl' : 'glibc'}`
}

/** The engine's program names the loader of its C library on its first page. Node's own report knows it as well, and takes 10 ms. */
function isMusl(): boolean {
  const loader = /ld-(musl|linux)/.exec(firstPage(process.execPath))
  if (loader !== null) return loader[1] === 'musl'
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime === undefined
}

/** Empty where the file can't be read. */
function firstPage(path: string): string {
  const bytes = Buffer.alloc(4096)
  try {
    const file = openSync(path, 'r')
    try {
      readSync(file, bytes)
    } finally {
      closeSync(file)
    }
  } catch {
    return ''
  }
  return bytes.toString('latin1')
}
