import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder and the version of the package. */
export interface PackageRoot {
  readonly folder: string
  readonly version: string
}

/**
 * The package's folder: the nearest above this module whose package.json is named vmarea.
 * `undefined` where a bundler or a single executable took the code out of it.
 */
export function packageRoot(): PackageRoot | undefined {
  // A CommonJS bundle leaves import.meta empty.
  if (import.meta.url?.startsWith('file:') !== true) return undefined
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, 'package.json')
    if (existsSync(path)) {
      const { name, version } = JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version?: string }
      if (name === 'vmarea' && version !== undefined) return { folder, version }
    }
    if (dirname(folder) === folder) return undefined
  }
}
