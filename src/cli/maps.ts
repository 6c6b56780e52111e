import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { byteSize } from './byte-size.js'
import { CommandError } from './command-error.js'
import { EXIT } from './exit-code.js'
import { type Fold, fold, unfolded } from './fold.js'
import { KINDS, type Kind, kindOf } from './kind-of.js'
import { paint } from './paint.js'
import { printable } from './printable.js'
import { processArgument } from './process-argument.js'
import { type AreaSnapshot, readSnapshot, type Snapshot, takeSnapshot } from './snapshot.js'
import { type Column, outputWidth, table } from './table.js'
import { wrap } from './wrap.js'

const HELP = `vmarea maps [PID]: the areas of a process, by what is mapped

The segments of a file are folded into one line, and so is anonymous memory that
touches; N says how many areas a line stands for. What is zero is blank, and a *
in PERM is where its areas differ. Without PID, or with self, it is the
command's own process.

  --all          one line an area, as the kernel lists them
  --gaps         the gaps between them as well, and the largest
  --bytes        sizes in bytes
  --json         everything, for programs: addresses are hexadecimal strings,
                 sizes bytes, null what the kernel does not tell
  --save FILE    writes that to a file, for --from and vmarea diff
  --from FILE    shows a saved snapshot

  vmarea maps 1234
  vmarea maps 1234 --all --gaps
  vmarea maps 1234 --save before.json
  vmarea maps 1234 --json | jq -r '.areas[] | select(.deleted) | .path'
`

const COLUMNS: readonly Column[] = [
  { title: 'ADDRESSES' },
  { title: 'SIZE', align: 'right' },
  { title: 'RSS', align: 'right' },
  { title: 'DIRTY', align: 'right' },
  { title: 'SWAP', align: 'right', optional: true },
  { title: 'PERM' },
  { title: 'N', align: 'right', optional: true },
  { title: 'OBJECT', rest: true },
]

/** `vmarea maps`. Returns the exit code. */
export function maps(args: string[]): number {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      all: { type: 'boolean' },
      gaps: { type: 'boolean' },
      bytes: { type: 'boolean' },
      json: { type: 'boolean' },
      save: { type: 'string' },
      from: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return EXIT.OK
  }
  if (positionals.length > 1) throw new CommandError('one process at a time')
  if (values.from !== undefined && positionals.length > 0)
    throw new CommandError('--from FILE shows that file: leave the process out')
  const snapshot =
    values.from === undefined ? takeSnapshot(processArgument(positionals[0], process.pid)) : readSnapshot(values.from)
  if (values.save !== undefined) {
    save(values.save, snapshot)
    return EXIT.OK
  }
  if (values.json) process.stdout.write(`${JSON.stringify(snapshot)}\n`)
  else show(snapshot, { all: values.all ?? false, gaps: values.gaps ?? false, bytes: values.bytes ?? false })
  return EXIT.OK
}

interface Shape {
  readonly all: boolean
  readonly gaps: boolean
  readonly bytes: boolean
}

function show(snapshot: Snapshot, { all, gaps, bytes }: Shape): void {
  const size = bytes ? (value: number) => (value === 0 ? '' : String(value)) : byteSize
  const folds = all ? unfolded(snapshot.areas) : fold(snapshot.areas)
  const rows: string[][] = []
  let last: Fold | undefined
  for (const one of folds) {
    if (gaps && last !== undefined && one.start > last.end && isUserSpace(one))
      rows.push(gapRow(last.end, one.start, size))
    rows.push(rowOf(one, size))
    last = one
  }
  for (const line of table(COLUMNS, rows)) process.stdout.write(`${line}\n`)
  process.stdout.write('\n')
  for (const line of totals(snapshot, size)) process.stdout.write(`${line}\n`)
  process.stdout.write('\n')
  for (const line of wrap(footer(snapshot, gaps, size), outputWidth(), ' · '))
    process.stdout.write(`${paint('dim', line)}\n`)
}

function rowOf({ start, end, areas }: Fold, size: (bytes: number) => string): string[] {
  const mapped = areas.reduce((sum, area) => sum + lengthOf(area), 0)
  return [
    `${start.toString(16)}-${end.toString(16)}`,
    size(mapped),
    size(sum(areas, 'rss')),
    size(sum(areas, 'privateDirty') + sum(areas, 'sharedDirty')),
    size(sum(areas, 'swap')),
    permissionsOfAll(areas),
    areas.length === 1 ? '' : String(areas.length),
    nameOf(areas.find(({ permissions }) => !permissions.startsWith('---')) ?? areas[0]!),
  ]
}

function gapRow(from: bigint, to: bigint, size: (bytes: number) => string): string[] {
  return [`${from.toString(16)}-${to.toString(16)}`, size(Number(to - from)), '', '', '', '', '', '(gap)']
}

/** The permissions that all the areas have; a star where they differ. */
function permissionsOfAll(areas: readonly AreaSnapshot[]): string {
  const [first] = areas as readonly [AreaSnapshot]
  return [0, 1, 2, 3]
    .map((place) =>
      areas.every(({ permissions }) => permissions[place] === first.permissions[place])
        ? first.permissions[place]
        : '*',
    )
    .join('')
}

function nameOf(area: AreaSnapshot): string {
  if (area.path === '') return area.permissions.startsWith('---') ? '(reserved)' : '(anonymous)'
  return `${printable(area.path)}${area.deleted ? ' (deleted)' : ''}`
}

function* totals({ areas }: Snapshot, size: (bytes: number) => string): Generator<string> {
  const rows: string[][] = []
  const byKind = new Map<Kind, AreaSnapshot[]>()
  for (const area of areas) {
    const kind = kindOf(area)
    const some = byKind.get(kind)
    if (some === undefined) byKind.set(kind, [area])
    else some.push(area)
  }
  for (const kind of KINDS) {
    const some = byKind.get(kind)
    if (some !== undefined) rows.push(totalRow(kind, some, size))
  }
  rows.push(totalRow('all', areas, size))
  yield* table(
    [
      { title: 'KIND' },
      { title: 'AREAS', align: 'right' },
      { title: 'SIZE', align: 'right' },
      { title: 'RSS', align: 'right' },
      { title: 'PSS', align: 'right' },
      { title: 'DIRTY', align: 'right' },
      { title: 'SWAP', align: 'right', optional: true },
      { title: 'LOCKED', align: 'right', optional: true },
    ],
    rows,
  )
}

function totalRow(name: string, areas: readonly AreaSnapshot[], size: (bytes: number) => string): string[] {
  return [
    name,
    String(areas.length),
    size(areas.reduce((total, area) => total + lengthOf(area), 0)),
    size(sum(areas, 'rss')),
    size(sum(areas, 'pss')),
    size(sum(areas, 'privateDirty') + sum(areas, 'sharedDirty')),
    size(sum(areas, 'swap')),
    size(sum(areas, 'locked')),
  ]
}

function footer(
  { areas, pid, kernel, pageSize, time }: Snapshot,
  gaps: boolean,
  size: (bytes: number) => string,
): string {
  const parts = [
    `process ${pid}`,
    `${areas.length} areas${limit()}`,
    `pages of ${size(pageSize)}`,
    `Linux ${kernel}`,
    time,
  ]
  if (gaps) parts.splice(2, 0, `largest gap ${size(largestGap(areas))}`)
  return parts.join(' · ')
}

function limit(): string {
  try {
    return ` of ${readFileSync('/proc/sys/vm/max_map_count', 'latin1').trim()}`
  } catch {
    return ''
  }
}

function largestGap(areas: readonly AreaSnapshot[]): number {
  let largest = 0n
  for (let index = 1; index < areas.length; index++) {
    if (BigInt(areas[index]!.start) >= 1n << 63n) break
    const gap = BigInt(areas[index]!.start) - BigInt(areas[index - 1]!.end)
    if (gap > largest) largest = gap
  }
  return Number(largest)
}

function isUserSpace({ start }: Fold): boolean {
  return start < 1n << 63n
}

function lengthOf({ start, end }: AreaSnapshot): number {
  return Number(BigInt(end) - BigInt(start))
}

function sum(areas: readonly AreaSnapshot[], field: keyof AreaSnapshot['usage']): number {
  return areas.reduce((total, { usage }) => total + (usage[field] ?? 0), 0)
}

function save(path: string, snapshot: Snapshot): void {
  try {
    writeFileSync(path, `${JSON.stringify(snapshot)}\n`)
  } catch (error) {
    throw new CommandError(`can't write ${path}: ${(error as Error).message}`, EXIT.FAILED)
  }
}
