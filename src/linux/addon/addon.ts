import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { AddonFunctions } from './addon-functions.js'

let loaded: AddonFunctions | undefined

/**
 * The addon of this thread, loaded on first use: so the package loads, and the model works, where the addon can't.
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
  const require = createRequire(import.meta.url)
  const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
  const built = join(root, 'build', 'vmarea.node')
  // Which target this is takes milliseconds to tell, on each thread.
  const path = existsSync(built) ? built : prebuilt(root)
  const { version } = require(join(root, 'package.json')) as { version: string }
  if (path === undefined) {
    throw new UsageError(
      'ERR_VMAREA_NOT_BUILT',
      `vmarea ${version} has no binary for ${target()}: run \`node scripts/build-native.js\` in ${root} (needs a C++ compiler)`,
    )
  }
  const functions = require(path) as AddonFunctions
  if (functions.version !== version) {
    throw new UsageError(
      'ERR_VMAREA_NOT_BUILT',
      `the binary ${path} is of version ${functions.version} and the package of version ${version}: build it again`,
    )
  }
  return functions
}

function prebuilt(root: string): string | undefined {
  const path = join(root, 'prebuilds', target(), 'vmarea.node')
  return existsSync(path) ? path : undefined
}

/** Such as `linux-x64-glibc`. */
function target(): string {
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  return `linux-${process.arch}-${header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'}`
}
