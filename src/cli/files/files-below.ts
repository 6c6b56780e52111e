import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The files that a path names: itself, or the regular files below a folder, in the order of their names. Links below a folder are not
 * followed. Throws Node's error where a path can't be read.
 */
export function* filesBelow(path: string): Generator<string> {
  if (!statSync(path).isDirectory()) {
    yield path
    return
  }
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    if (entry.isDirectory()) yield* filesBelow(join(path, entry.name))
    else if (entry.isFile()) yield join(path, entry.name)
  }
}
