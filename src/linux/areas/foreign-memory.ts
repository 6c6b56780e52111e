import { hex } from '../../vocabulary/hex.js'
import { addon } from '../addon/addon.js'
import type { LinuxArea } from './linux-area.js'

const SHARED = 8
const EXECUTABLE = 4

/**
 * The first area of this process in `[start, end)` that the library did not map and that may be the engine's, a stack, the heap or loaded
 * code, in words. Whose private anonymous memory is can not be told, so all of it counts; shared memory and files of data do not.
 */
export function foreignMemory(
  areas: (from: bigint, to: bigint) => Iterable<LinuxArea>,
  start: bigint,
  end: bigint,
): string | undefined {
  if (addon().holdsRange(start, Number(end - start))) return undefined
  let loaded: ReadonlySet<string> | undefined
  for (const area of areas(start, end)) {
    if (area.permissions & SHARED) continue
    const from = area.start > start ? area.start : start
    const to = area.end < end ? area.end : end
    if (addon().holdsRange(from, Number(to - from))) continue
    const name = Buffer.from(area.pathBytes).toString('latin1')
    if (name.startsWith('/')) {
      loaded ??= loadedFiles(areas(1n, 1n << 63n))
      if (!loaded.has(name)) continue
    }
    return `${name === '' ? 'anonymous memory' : name} at ${hex(area.start)}`
  }
  return undefined
}

/** The names of files of which a part may be executed. */
function loadedFiles(areas: Iterable<LinuxArea>): Set<string> {
  const names = new Set<string>()
  for (const area of areas) if (area.permissions & EXECUTABLE) names.add(Buffer.from(area.pathBytes).toString('latin1'))
  return names
}
