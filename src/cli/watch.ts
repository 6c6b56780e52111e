import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { addon } from '../linux/addon.js'
import '../linux/linux-address-space.js'
import { Mm } from '../mm/mm.js'
import { VmError } from '../vocabulary/vm-error.js'
import { changeLine } from './change-line.js'
import { type Change, changesBetween } from './changes.js'
import { CommandError } from './command-error.js'
import { EXIT } from './exit-code.js'
import { paint } from './paint.js'
import { processArgument } from './process-argument.js'
import { type AreaSnapshot, areaOutline, areaSnapshot, SNAPSHOT_VERSION } from './snapshot.js'
import { outputWidth } from './table.js'

const HELP = `vmarea watch PID: changes of the areas as they happen, one a line

It looks at the list again and again: what comes and goes between two looks is
not seen. It ends with the process, or with Ctrl-C.

  --interval MS    how long to wait between two looks; 200 where it is left out
  --usage          also flags, and what comes into memory and goes from it: it
                   reads smaps, for which the kernel walks all pages
  --for SECONDS    ends by itself
  --json           a JSON object a line
  --record FILE    writes what it shows to a file as well
  --replay FILE    shows a recording; without PID

  vmarea watch 1234
  vmarea watch 1234 --usage --interval 1000 --record run.ndjson
  vmarea watch --replay run.ndjson
`

/** The first line of a recording. */
interface Header {
  readonly version: typeof SNAPSHOT_VERSION
  readonly pid: number
  readonly time: string
  readonly kernel: string
  readonly pageSize: number
  readonly areas: number
}

type TimedChange = Change & { readonly time: string }

/** `vmarea watch`. Returns the exit code. */
export async function watch(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      interval: { type: 'string' },
      usage: { type: 'boolean' },
      for: { type: 'string' },
      json: { type: 'boolean' },
      record: { type: 'string' },
      replay: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return EXIT.OK
  }
  const print = values.json ? printJson : printLine
  if (values.replay !== undefined) {
    if (positionals.length > 0) throw new CommandError('--replay FILE shows that file: leave the process out')
    replay(values.replay, print)
    return EXIT.OK
  }
  if (positionals.length > 1) throw new CommandError('one process at a time')
  const interval = positive(values.interval ?? '200', '--interval')
  const end =
    values.for === undefined ? Number.POSITIVE_INFINITY : performance.now() + positive(values.for, '--for') * 1000
  const record = values.record === undefined ? () => {} : recordTo(values.record)
  await follow(processArgument(positionals[0]), { interval, end, usage: values.usage ?? false }, (entry) => {
    record(entry)
    print(entry)
  })
  return EXIT.OK
}

async function follow(
  pid: number,
  { interval, end, usage }: { interval: number; end: number; usage: boolean },
  tell: (entry: Header | TimedChange | { readonly time: string; readonly change: 'gone' }) => void,
): Promise<void> {
  using mm = Mm.of(pid)
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  process.once('SIGINT', interrupt)
  try {
    let before = look(mm, usage)
    if (before === undefined) {
      throw new VmError('ESRCH', 'mmget_not_zero', {
        hint: `process ${pid} has no memory: it has ended, or is the kernel's`,
      })
    }
    const { pageSize } = addon()
    tell({ version: SNAPSHOT_VERSION, pid, time: now(), kernel: release(), pageSize, areas: before.length })
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
      for (const change of changesBetween(before, after, { usage })) tell({ time, ...change })
      before = after
    }
  } finally {
    process.off('SIGINT', interrupt)
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
    throw new CommandError(`${option} wants a number above zero, and this is ${JSON.stringify(text)}`)
  return value
}

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

function recordTo(path: string): (entry: Entry) => void {
  try {
    writeFileSync(path, '')
  } catch (error) {
    throw new CommandError(`can't write ${path}: ${(error as Error).message}`, EXIT.FAILED)
  }
  return (entry) => appendFileSync(path, `${JSON.stringify(entry)}\n`)
}

function replay(path: string, print: (entry: Entry) => void): void {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new CommandError(`can't read ${path}: ${(error as Error).message}`)
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
    print(entry)
  }
}
