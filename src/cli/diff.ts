import { type Change, changesBetween } from '../snapshot/changes.js'
import { SNAPSHOT_VERSION, type Snapshot } from '../snapshot/snapshot.js'
import { byteSize } from './byte-size.js'
import { changeLine } from './change-line.js'
import { CommandError } from './command-error.js'
import { EXIT } from './exit-code.js'
import { paint } from './paint.js'
import { readSnapshot } from './read-snapshot.js'
import { outputWidth } from './table.js'

/** `vmarea diff`. Returns the exit code. */
export function diff(
  values: { readonly json: boolean; readonly layout: boolean },
  operands: readonly string[],
): number {
  const [first, second, ...more] = operands
  if (first === undefined || second === undefined || more.length > 0) throw new CommandError('diff requires two files')
  const before = readSnapshot(first)
  const after = readSnapshot(second)
  const changes = changesBetween(before.areas, after.areas, { usage: !values.layout })
  if (values.json) {
    const { pid, kernel, pageSize } = after
    process.stdout.write(
      `${JSON.stringify({ version: SNAPSHOT_VERSION, pid, kernel, pageSize, from: before.time, to: after.time, changes })}\n`,
    )
  } else show(before, after, changes)
  return EXIT.OK
}

function show(before: Snapshot, after: Snapshot, changes: readonly Change[]): void {
  const width = outputWidth()
  for (const change of changes) process.stdout.write(`${changeLine(change, width)}\n`)
  if (changes.length > 0) process.stdout.write('\n')
  const parts = [
    changes.length === 0 ? 'no change' : `${changes.length} change${changes.length === 1 ? '' : 's'}`,
    `${before.areas.length} -> ${after.areas.length} areas`,
    `resident ${byteSize(resident(before)) || '0'} -> ${byteSize(resident(after)) || '0'}`,
    `${before.time} -> ${after.time}`,
  ]
  if (before.pid !== after.pid) parts.push(`of two processes, ${before.pid} and ${after.pid}`)
  process.stdout.write(`${paint('dim', parts.join(' · '))}\n`)
}

function resident({ areas }: Snapshot): number {
  return areas.reduce((total, { usage }) => total + (usage.rss ?? 0), 0)
}
