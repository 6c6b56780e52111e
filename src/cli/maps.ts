import { readFileSync, writeFileSync } from 'node:fs'
import type { MmapReadGuard } from '../mm/mmap-read-guard.js'
import type { AreaSnapshot, Snapshot, SnapshotHeader } from '../snapshot/snapshot.js'
import { byteSize } from './byte-size.js'
import { CommandError, exitCodeOf } from './command-error.js'
import { errorText, reasonOf } from './error-text.js'
import { EXIT } from './exit-code.js'
import { type AreaFilter, areaFilter, type FilterOptions } from './maps/area-filter.js'
import { areaRows } from './maps/area-rows.js'
import { COLUMN_NAMES, type ColumnName, USUAL_COLUMNS } from './maps/column-names.js'
import { columnsNamed } from './maps/columns.js'
import { jsonAreas } from './maps/json-areas.js'
import { PAGE_STRIP_LEGEND, pageStrip } from './maps/page-strip.js'
import type { MapsSortKey } from './maps/sort-keys.js'
import { Totals } from './maps/totals.js'
import { paint } from './paint.js'
import { commandLine } from './process/command-line.js'
import { processArguments } from './process/process-argument.js'
import { lookAt, takeSnapshot } from './process/take-snapshot.js'
import { readSnapshot } from './read-snapshot.js'
import { outputWidth, table } from './table.js'
import { wrap } from './wrap.js'
import { writeLines } from './write-lines.js'

export interface MapsOptions extends FilterOptions {
  readonly all: boolean
  readonly gaps: boolean
  readonly bytes: boolean
  readonly sort: string | undefined
  readonly columns: readonly string[]
  readonly 'all-columns': boolean
  readonly pages: boolean
  readonly json: boolean
  readonly save: string | undefined
  readonly from: string | undefined
}

/** What to show, and how. */
interface Request {
  readonly columns: readonly ColumnName[]
  readonly filter: AreaFilter | undefined
  readonly sort: MapsSortKey
  readonly all: boolean
  readonly gaps: boolean
  readonly pages: boolean
  readonly size: (bytes: number) => string
}

/** `vmarea maps`. Returns the exit code. */
export function maps(values: MapsOptions, operands: readonly string[]): number {
  const request = readOptions(values)
  if (values.from !== undefined) {
    if (operands.length > 0) throw new CommandError('--from FILE shows that file: leave the process out')
    if (request.pages) throw new CommandError('a snapshot has no states of pages: leave --pages out')
    const { areas, ...header } = readSnapshot(values.from)
    if (values.save !== undefined) save(values.save, { ...header, areas })
    else if (values.json) printJson({ ...header, areas: jsonAreas(areas, request) })
    else show(header, areas, request)
    return EXIT.OK
  }
  const pids = operands.length === 0 ? [process.pid] : processArguments(operands)
  if (values.save !== undefined) {
    if (pids.length > 1) throw new CommandError(`--save FILE is for one process, and these are ${pids.join(' ')}`)
    save(values.save, takeSnapshot(pids[0]!))
    return EXIT.OK
  }
  return eachProcess(pids, (pid) =>
    lookAt(pid, (header, areas, guard) => {
      if (values.json) {
        const whole = Array.from(areas, (area) => area.snapshot())
        return printJson({ ...header, areas: jsonAreas(whole, request, guard) })
      }
      if (pids.length > 1) heading(pid, pid === pids[0])
      show(header, areas, request, guard)
    }),
  )
}

function readOptions(values: MapsOptions): Request {
  const { all, gaps, save: file } = values
  const filter = areaFilter(values)
  const sort = (values.sort ?? 'address') as MapsSortKey
  const columns = columnsOf(values)
  if (gaps && (filter !== undefined || sort !== 'address'))
    throw new CommandError('--gaps lists all areas by address: leave --sort and the filters out')
  if (file !== undefined && (filter !== undefined || sort !== 'address' || values.pages))
    throw new CommandError('--save FILE writes every area as it is: leave --sort, --pages and the filters out')
  const size = values.bytes ? (bytes: number) => (bytes === 0 ? '' : String(bytes)) : byteSize
  return { columns, filter, sort, all, gaps, pages: columns.includes('pages') || values.pages, size }
}

function columnsOf(values: MapsOptions): readonly ColumnName[] {
  const { columns, pages } = values
  if (columns.length > 0 && values['all-columns'])
    throw new CommandError('--columns and --all-columns are two choices: give one')
  const named = columns.length > 0 ? (columns as readonly ColumnName[]) : undefined
  const chosen = named ?? (values['all-columns'] ? COLUMN_NAMES.filter((name) => name !== 'pages') : USUAL_COLUMNS)
  if (!pages || chosen.includes('pages')) return chosen
  const place = chosen.indexOf('object')
  return place < 0 ? [...chosen, 'pages'] : [...chosen.slice(0, place), 'pages', ...chosen.slice(place)]
}

/** Does it for each of several processes: one that can't be looked at is reported and does not hold up the others. */
function eachProcess(pids: readonly number[], look: (pid: number) => void): number {
  let code: number = EXIT.OK
  for (const pid of pids) {
    try {
      look(pid)
    } catch (error) {
      if (pids.length === 1) throw error
      process.stderr.write(`vmarea maps: ${errorText(error)}\n`)
      if (code === EXIT.OK) code = exitCodeOf(error)
    }
  }
  return code
}

function show(header: SnapshotHeader, areas: Iterable<AreaSnapshot>, request: Request, guard?: MmapReadGuard): void {
  const { pid, kernel, pageSize, time } = header
  const { filter, gaps, size } = request
  const totals = new Totals(request.columns)
  const columns = columnsNamed(request.columns, ({ start, end }) =>
    guard === undefined ? '' : pageStrip(guard.pages({ from: start, to: end }), start, end, pageSize),
  )
  const shown = filter === undefined ? areas : selected(areas, filter)
  const made = areaRows(totals.count(shown), { ...request, columns })
  writeLines(table(columns, made.rows, { colour: made.colour }))
  write('')
  for (const line of totals.lines(size)) write(line)
  write('')
  const parts = [`process ${pid}`, `${totals.all.areas} areas${filter === undefined ? limit() : ' shown'}`]
  if (gaps) parts.push(`largest gap ${size(made.largestGap)}`)
  parts.push(`pages of ${size(pageSize)}`, `Linux ${kernel}`, time)
  for (const line of wrap(parts.join(' · '), outputWidth(), ' · ')) write(paint('dim', line))
  if (request.pages) write(paint('dim', PAGE_STRIP_LEGEND))
}

/** Above the areas of one of several processes. */
function heading(pid: number, isFirst: boolean): void {
  const line = `process ${pid} · ${commandLine(pid)}`
  write(
    `${isFirst ? '' : '\n'}${paint('bold', line.length > outputWidth() ? `${line.slice(0, outputWidth() - 1)}…` : line)}`,
  )
}

function* selected(areas: Iterable<AreaSnapshot>, filter: AreaFilter): Generator<AreaSnapshot> {
  for (const area of areas) if (filter(area)) yield area
}

function limit(): string {
  try {
    return ` of ${readFileSync('/proc/sys/vm/max_map_count', 'latin1').trim()}`
  } catch {
    return ''
  }
}

function write(line: string): void {
  process.stdout.write(`${line}\n`)
}

function printJson(snapshot: object): void {
  process.stdout.write(`${JSON.stringify(snapshot)}\n`)
}

function save(path: string, snapshot: Snapshot): void {
  try {
    writeFileSync(path, `${JSON.stringify(snapshot)}\n`)
  } catch (error) {
    throw new CommandError(`can't write ${path}: ${reasonOf(error)}`, EXIT.FAILED)
  }
}
