import type { PageRun } from '../kernel/address-space.js'
import { addon } from '../linux/addon/addon.js'
import { byteSize } from './byte-size.js'
import { CommandError, exitCodeOf } from './command-error.js'
import { errorText, reasonOf } from './error-text.js'
import { EXIT } from './exit-code.js'
import { CachedFile } from './files/cached-file.js'
import { filesBelow } from './files/files-below.js'
import { pageStrip } from './maps/page-strip.js'
import { paint } from './paint.js'
import { printJson } from './print-json.js'
import { printable } from './printable.js'
import { outputWidth, table } from './table.js'
import { wrap } from './wrap.js'

export interface FilesOptions {
  readonly evict: boolean
  readonly touch: boolean
  readonly pages: boolean
  readonly bytes: boolean
  readonly json: boolean
}

/** What was seen of a file. `cached` is `null` where the kernel does not say. */
interface Seen {
  readonly path: string
  readonly size: number
  readonly cached: number | null
  readonly runs: readonly PageRun[]
}

/** `vmarea files`. Returns the exit code. */
export function files(values: FilesOptions, operands: readonly string[]): number {
  if (operands.length === 0) throw new CommandError('which files? Give their names, or folders')
  if (values.evict && values.touch)
    throw new CommandError('--evict takes files out of the page cache and --touch brings them in: give one')
  const seen: Seen[] = []
  let code: number = EXIT.OK
  const failed = (path: string, error: unknown) => {
    const text = error instanceof CommandError ? errorText(error) : `can't read ${printable(path)}: ${reasonOf(error)}`
    process.stderr.write(`vmarea files: ${text}\n`)
    const { code: name } = error as NodeJS.ErrnoException
    if (code === EXIT.OK) code = name === 'EACCES' || name === 'EPERM' ? EXIT.NOT_PERMITTED : exitCodeOf(error)
  }
  for (const operand of operands) {
    try {
      for (const path of filesBelow(operand)) {
        try {
          seen.push(look(path, values))
        } catch (error) {
          failed(path, error)
        }
      }
    } catch (error) {
      failed(operand, error)
    }
  }
  if (values.json) printFiles(seen, values)
  else if (seen.length > 0) show(seen, values)
  return code
}

function look(path: string, { evict, touch }: FilesOptions): Seen {
  using file = new CachedFile(path)
  if (evict) file.evict()
  if (touch) file.touch()
  const { size } = file
  if (!file.isTold) return { path, size, cached: null, runs: [] }
  const runs = [...file.cachedRuns()]
  const cached = runs.reduce((sum, { start, end }) => sum + Number(end - start), 0)
  return { path, size, cached: Math.min(cached, size), runs }
}

function show(seen: readonly Seen[], { pages, bytes }: FilesOptions): void {
  const { pageSize } = addon()
  const size = bytes ? (value: number) => (value === 0 ? '' : String(value)) : byteSize
  const total = {
    path: 'all',
    size: seen.reduce((sum, one) => sum + one.size, 0),
    cached: seen.some(({ cached }) => cached === null) ? null : seen.reduce((sum, one) => sum + one.cached!, 0),
  }
  const row = (one: Omit<Seen, 'runs'>, strip: string) => [
    size(one.size),
    one.cached === null ? 'not told' : size(one.cached),
    one.cached === null || one.size === 0 ? '' : `${Math.floor((100 * one.cached) / one.size)}%`,
    strip,
    printable(one.path),
  ]
  const rows = seen.map((one) => row(one, pages && one.cached !== null ? stripOf(one, pageSize) : ''))
  if (seen.length > 1) rows.push(row(total, ''))
  const columns = [
    { title: 'SIZE', align: 'right' },
    { title: 'CACHED', align: 'right' },
    { title: '%', align: 'right' },
    { title: 'PAGES', optional: true },
    { title: 'FILE', rest: true },
  ] as const
  const colour = (index: number, column: number) => (index === seen.length && column === 4 ? 'bold' : undefined)
  for (const line of table(columns, rows, { colour })) process.stdout.write(`${line}\n`)
  if (total.cached !== null) return
  const why = 'The kernel says what is cached of a file only to a user that owns it or may write it, and to root.'
  process.stdout.write(
    `\n${wrap(why, outputWidth())
      .map((line) => paint('dim', line))
      .join('\n')}\n`,
  )
}

function stripOf({ runs, size }: Seen, pageSize: number): string {
  const pages = Math.ceil(size / pageSize)
  return pages === 0 ? '' : pageStrip(runs, 0n, BigInt(pages * pageSize), pageSize)
}

function printFiles(seen: readonly Seen[], { pages }: FilesOptions): void {
  const { pageSize } = addon()
  const shown = seen.map(({ path, size, cached, runs }) => ({
    path,
    size,
    cached,
    ...(pages && cached !== null
      ? {
          runs: runs.map(({ start, end }) => ({
            offset: Number(start),
            length: Math.min(Number(end), size) - Number(start),
          })),
        }
      : {}),
  }))
  printJson({ pageSize, files: shown })
}
