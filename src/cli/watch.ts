import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { addon } from '../linux/addon/addon.js'
import type { Mm } from '../mm/mm.js'
import { type Change, changesBetween } from '../snapshot/changes.js'
import { type LookDifference, lookDifference } from '../snapshot/look-difference.js'
import { type AreaSnapshot, areaOutline, areaSnapshot, SNAPSHOT_VERSION } from '../snapshot/snapshot.js'
import { VmError } from '../vocabulary/vm-error.js'
import { changeLine } from './change-line.js'
import { CommandError } from './command-error.js'
import { reasonOf } from './error-text.js'
import { EXIT } from './exit-code.js'
import type { SortKey } from './maps/sort-keys.js'
import { paint } from './paint.js'
import { commandLine } from './process/command-line.js'
import { openProcess } from './process/open-process.js'
import { processArgument } from './process/process-argument.js'
import { outputWidth } from './table.js'
import { LiveTable } from './watch/live-table.js'

/** The first line of a recording. */
interface Header {
  readonly version: typeof SNAPSHOT_VERSION
  readonly pid: number
  readonly time: string
  readonly kernel: string
  readonly pageSize: number
  readonly areas: number
}

/** The first line of a recording: with the areas of the first look. */
type RecordedHeader = Header & { readonly list: readonly AreaSnapshot[] }

/** A line of a recording that turns the areas of the look before into those of this one. */
interface RecordedLook {
  readonly time: string
  readonly look: LookDifference
}

type TimedChange = Change & { readonly time: string }

export interface WatchOptions {
  readonly interval: string | undefined
  readonly usage: boolean
  readonly for: string | undefined
  readonly json: boolean
  readonly record: string | undefined
  readonly replay: string | undefined
  readonly lines: boolean
  readonly sort: string | undefined
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** `vmarea watch`. Returns the exit code. */
export async function watch(values: WatchOptions, operands: readonly string[]): Promise<number> {
  const print = values.json ? printJson : printLine
  if (values.replay !== undefined) {
    if (operands.length > 0) throw new CommandError('--replay FILE shows that file: leave the process out')
    replay(values.replay, print)
    return EXIT.OK
  }
  if (operands.length > 1) throw new CommandError('one process at a time')
  const interval = positive(values.interval ?? (process.stdout.isTTY && !values.json ? '1000' : '200'), '--interval')
  const end =
    values.for === undefined ? Number.POSITIVE_INFINITY : performance.now() + positive(values.for, '--for') * 1000
  const record = values.record === undefined ? () => {} : recordTo(values.record)
  const pid = processArgument(operands[0])
  const asTable = !values.json && !values.lines && process.stdout.isTTY === true
  if (!asTable) {
    await follow(pid, { interval, end, usage: values.usage }, { print, record })
    return EXIT.OK
  }
  const stop = new AbortController()
  const title = `process ${pid} · ${commandLine(pid)}`
  const live = new LiveTable(title, (values.sort ?? 'rss') as SortKey, () => stop.abort())
  let isGone = false
  const show = (entry: Entry) => {
    isGone = 'change' in entry && entry.change === 'gone'
  }
  const looked = (areas: readonly AreaSnapshot[], changes: readonly Change[]) =>
    live.show({ time: now().slice(11, 19), areas, changes })
  await follow(
    pid,
    { interval, end, usage: true, stop },
    { print: show, record, looked, begin: () => live.begin() },
  ).finally(() => live.end())
  if (isGone) process.stdout.write(`process ${pid} has ended, or runs another program now\n`)
  return EXIT.OK
}

interface Following {
  readonly interval: number
  readonly end: number
  readonly usage: boolean
  readonly stop?: AbortController
}

interface Listeners {
  readonly print: (entry: Entry) => void
  readonly record: (entry: Entry | RecordedHeader | RecordedLook) => void
  /** Is called when the process is there and may be looked at. */
  readonly begin?: () => void
  /** Is called after each look, with what has changed since the one before. */
  readonly looked?: (areas: readonly AreaSnapshot[], changes: readonly Change[]) => void
}

async function follow(
  pid: number,
  { interval, end, usage, stop = new AbortController() }: Following,
  { print, record, looked, begin }: Listeners,
): Promise<void> {
  const tell = (entry: Entry) => {
    record(entry)
    print(entry)
  }
  using opened = openProcess(pid)
  const { mm } = opened
  const interrupt = () => stop.abort()
  for (const signal of SIGNALS) process.once(signal, interrupt)
  try {
    let before = look(mm, usage)
    if (before === undefined) throw new CommandError(`process ${pid} has ended`, EXIT.NO_SUCH_PROCESS)
    const { pageSize } = addon()
    const header = {
      version: SNAPSHOT_VERSION,
      pid,
      time: now(),
      kernel: release(),
      pageSize,
      areas: before.length,
    } as const
    record({ ...header, list: before })
    print(header)
    begin?.()
    looked?.(before, [])
    while (performance.now() < end && !stop.signal.aborted) {
      await sleep(Math.min(interval, Math.max(end - performance.now(), 0)), undefined, { signal: stop.signal }).catch(
        () => {},
      )
      if (stop.signal.aborted) return
      const after = look(mm, usage)
      const time = now()
      if (after === undefined) {
        tell({ time, change: 'gone' })
        return
      }
      const difference = lookDifference(before, after)
      if (difference.gone.length > 0 || difference.put.length > 0) record({ time, look: difference })
      const changes = changesBetween(before, after, { usage })
      for (const change of changes) tell({ time, ...change })
      looked?.(after, changes)
      before = after
    }
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt)
  }
}

/** One look; `undefined` when the process has gone, be it in the midst of the look. */
function look(mm: Mm, usage: boolean): AreaSnapshot[] | undefined {
  try {
    using user = mm.mmgetNotZero()
    if (user === undefined) return undefined
    using guard = user.mmapReadLock()
    const areas: AreaSnapshot[] = []
    for (const vma of guard.areas({ usage })) areas.push(usage ? areaSnapshot(vma) : areaOutline(vma))
    return areas
  } catch (error) {
    if (error instanceof VmError && error.code === 'ESRCH') return undefined
    throw error
  }
}

function now(): string {
  return new Date().toISOString()
}

function positive(text: string, option: string): number {
  const value = Number(text)
  if (!(value > 0 && value < 1e9))
    throw new CommandError(`${option} must be a number above zero, and this is ${JSON.stringify(text)}`)
  return value
}

/** What is printed. */
type Entry = Header | TimedChange | { readonly time: string; readonly change: 'gone' }

function printJson(entry: Entry): void {
  process.stdout.write(`${JSON.stringify(entry)}\n`)
}

function printLine(entry: Entry): void {
  const time = entry.time.slice(11, 23)
  if (!('change' in entry)) {
    process.stdout.write(`${paint('dim', `${time} watching process ${entry.pid}: ${entry.areas} areas`)}\n`)
  } else if (entry.change === 'gone') {
    process.stdout.write(`${time} ${paint('bold', 'gone')}      the process has ended, or runs another program now\n`)
  } else {
    process.stdout.write(`${paint('dim', time)} ${changeLine(entry, outputWidth() - 13)}\n`)
  }
}

function recordTo(path: string): (entry: object) => void {
  try {
    writeFileSync(path, '')
  } catch (error) {
    throw new CommandError(`can't write ${path}: ${reasonOf(error)}`, EXIT.FAILED)
  }
  return (entry) => appendFileSync(path, `${JSON.stringify(entry)}\n`)
}

function replay(path: string, print: (entry: Entry) => void): void {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new CommandError(`can't read ${path}: ${reasonOf(error)}`)
  }
  const lines = text.split('\n').filter((line) => line !== '')
  for (const [index, line] of lines.entries()) {
    let entry: Entry
    try {
      entry = JSON.parse(line) as Entry
    } catch {
      throw new CommandError(`${path}, line ${index + 1}, is no JSON: is it a recording of vmarea watch --record?`)
    }
    if (index === 0 && (entry as Partial<Header>).version !== SNAPSHOT_VERSION) {
      throw new CommandError(`${path} is no recording of version ${SNAPSHOT_VERSION}`)
    }
    if ('look' in entry) continue
    if (index > 0) print(entry)
    else {
      const { list, ...header } = entry as RecordedHeader
      print(header)
    }
  }
}
