import { readFileSync } from 'node:fs'
import { type AreaSnapshot, SNAPSHOT_VERSION, type Snapshot } from '../snapshot/snapshot.js'
import { CommandError } from './command-error.js'
import { reasonOf } from './error-text.js'

/** Reads a saved snapshot. Throws `CommandError` where the file holds none. */
export function readSnapshot(path: string): Snapshot {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new CommandError(`can't read ${path}: ${reasonOf(error)}`)
  }
  return parseSnapshot(text, path)
}

/** A snapshot from its text. */
function parseSnapshot(text: string, path: string): Snapshot {
  let value: Partial<Snapshot>
  try {
    value = JSON.parse(text) as Partial<Snapshot>
  } catch {
    throw new CommandError(`${path} is no snapshot: it is not JSON. vmarea maps PID --save FILE writes one`)
  }
  if (value?.version !== SNAPSHOT_VERSION) {
    throw new CommandError(
      `${path} has version ${JSON.stringify(value?.version)} and this vmarea reads version ${SNAPSHOT_VERSION}`,
    )
  }
  if (!Array.isArray(value.areas) || typeof value.pid !== 'number' || !value.areas.every(isArea)) {
    throw new CommandError(`${path} is no whole snapshot: it has areas that lack a field`)
  }
  return value as Snapshot
}

function isArea(value: Partial<AreaSnapshot> | null): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    [value.start, value.end].every((address) => typeof address === 'string' && /^0x[0-9a-f]{1,16}$/.test(address)) &&
    typeof value.permissions === 'string' &&
    typeof value.path === 'string' &&
    Array.isArray(value.flags) &&
    typeof value.usage === 'object' &&
    value.usage !== null
  )
}
