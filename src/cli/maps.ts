import { readFileSync, writeFileSync } from 'node:fs'
import { type Fold, fold } from '../snapshot/fold.js'
import { KINDS, type Kind, kindOf } from '../snapshot/kind-of.js'
import type { AreaSnapshot, Snapshot, SnapshotHeader } from '../snapshot/snapshot.js'
import { Sum } from '../snapshot/sum.js'
import { byteSize } from './byte-size.js'
import { CommandError } from './command-error.js'
import { EXIT } from './exit-code.js'
import { paint } from './paint.js'
import { printable } from './printable.js'
import { processArgument } from './process-argument.js'
import { readSnapshot } from './read-snapshot.js'
import { type Column, outputWidth, table } from './table.js'
import { lookAt, takeSnapshot } from './take-snapshot.js'
import { wrap } from './wrap.js'

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

export interface MapsOptions {
  readonly all: boolean
  readonly gaps: boolean
  readonly bytes: boolean
  readonly json: boolean
  readonly save: string | undefined
  readonly from: string | undefined
}

/** `vmarea maps`. Returns the exit code. */
export function maps(values: MapsOptions, operands: readonly string[]): number {
  if (operands.length > 1) throw new CommandError('one process at a time')
  if (values.from !== undefined && operands.length > 0)
    throw new CommandError('--from FILE shows that file: leave the process out')
  const shape = values
  if (values.from !== undefined) {
    const { areas, ...header } = readSnapshot(values.from)
    if (values.save !== undefined) save(values.save, { ...header, areas })
    else if (values.json) printJson({ ...header, areas })
    else show(header, areas, shape)
    return EXIT.OK
  }
  const pid = processArgument(operands[0], process.pid)
  if (values.save !== undefined) save(values.save, takeSnapshot(pid))
  else if (values.json) printJson(takeSnapshot(pid))
  else lookAt(pid, (header, areas) => show(header, areas, shape))
  return EXIT.OK
}

/** The kernel's half of the addresses, where only `[vsyscall]` is: what lies below it is no gap that could be used. */
const KERNEL_HALF = 1n << 63n

interface Shape {
  readonly all: boolean
  readonly gaps: boolean
  readonly bytes: boolean
}

function show(header: SnapshotHeader, areas: Iterable<AreaSnapshot>, { all, gaps, bytes }: Shape): void {
  const size = bytes ? (value: number) => (value === 0 ? '' : String(value)) : byteSize
  const sums = new Map<Kind | 'all', Sum>([['all', new Sum()]])
  const rows: string[][] = []
  let end = 0n
  let largestGap = 0
  for (const one of fold(counted(areas, sums), all)) {
    if (end > 0n && one.start > end && one.start < KERNEL_HALF) {
      largestGap = Math.max(largestGap, Number(one.start - end))
      if (gaps) rows.push(gapRow(end, one.start, size))
    }
    rows.push(rowOf(one, size))
    end = one.end
  }
  for (const line of table(COLUMNS, rows)) process.stdout.write(`${line}\n`)
  process.stdout.write('\n')
  for (const line of totals(sums, size)) process.stdout.write(`${line}\n`)
  process.stdout.write('\n')
  const { pid, kernel, pageSize, time } = header
  const parts = [`process ${pid}`, `${sums.get('all')!.areas} areas${limit()}`]
  if (gaps) parts.push(`largest gap ${size(largestGap)}`)
  parts.push(`pages of ${size(pageSize)}`, `Linux ${kernel}`, time)
  for (const line of wrap(parts.join(' · '), outputWidth(), ' · ')) process.stdout.write(`${paint('dim', line)}\n`)
}

/** Passes the areas on, and adds each to the sum of its kind. */
function* counted(areas: Iterable<AreaSnapshot>, sums: Map<Kind | 'all', Sum>): Generator<AreaSnapshot> {
  const all = sums.get('all')!
  for (const area of areas) {
    const kind = kindOf(area)
    let sum = sums.get(kind)
    if (sum === undefined) {
      sum = new Sum()
      sums.set(kind, sum)
    }
    const length = Number(BigInt(area.end) - BigInt(area.start))
    sum.add(area, length)
    all.add(area, length)
    yield area
  }
}

function rowOf({ start, end, sum, permissions, named }: Fold, size: (bytes: number) => string): string[] {
  return [
    `${start.toString(16)}-${end.toString(16)}`,
    size(sum.size),
    size(sum.rss),
    size(sum.dirty),
    size(sum.swap),
    permissions,
    sum.areas === 1 ? '' : String(sum.areas),
    nameOf(named),
  ]
}

function gapRow(from: bigint, to: bigint, size: (bytes: number) => string): string[] {
  return [`${from.toString(16)}-${to.toString(16)}`, size(Number(to - from)), '', '', '', '', '', '(gap)']
}

function nameOf(area: AreaSnapshot): string {
  if (area.path === '') return area.permissions.startsWith('---') ? '(reserved)' : '(anonymous)'
  return `${printable(area.path)}${area.deleted ? ' (deleted)' : ''}`
}

function* totals(sums: ReadonlyMap<Kind | 'all', Sum>, size: (bytes: number) => string): Generator<string> {
  const rows: string[][] = []
  for (const kind of [...KINDS, 'all'] as const) {
    const sum = sums.get(kind)
    if (sum === undefined) continue
    const { areas, rss, pss, dirty, swap, locked } = sum
    rows.push([kind, String(areas), ...[sum.size, rss, pss, dirty, swap, locked].map(size)])
  }
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

function limit(): string {
  try {
    return ` of ${readFileSync('/proc/sys/vm/max_map_count', 'latin1').trim()}`
  } catch {
    return ''
  }
}

function printJson(snapshot: Snapshot): void {
  process.stdout.write(`${JSON.stringify(snapshot)}\n`)
}

function save(path: string, snapshot: Snapshot): void {
  try {
    writeFileSync(path, `${JSON.stringify(snapshot)}\n`)
  } catch (error) {
    throw new CommandError(`can't write ${path}: ${(error as Error).message}`, EXIT.FAILED)
  }
}
