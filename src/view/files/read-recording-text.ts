import type { Step } from '../data/timeline.js'
import type { ViewArea } from '../data/view-area.js'
import type { ViewHeader } from '../data/view-data.js'
import { areasOf, headerOf } from './read-snapshot-text.js'
import { ViewInputError } from './view-input-error.js'

/** A recording, checked: the list at its beginning and each look after it. */
export interface Recording {
  readonly header: ViewHeader
  readonly areas: readonly ViewArea[]
  readonly steps: readonly Step[]
  /** The process ended, or ran another program, at the end of it. */
  readonly ended: boolean
  readonly warnings: readonly string[]
}

const MOST_WARNINGS = 20

/**
 * Reads what `vmarea watch --record` wrote. A recording that was cut short is read up to the last whole line, with a warning, and so is
 * what follows a line that can't be understood. Throws {@link ViewInputError} where there is nothing to show.
 */
export function readRecordingText(text: string): Recording {
  const [first = '', ...lines] = text.split('\n')
  let head: Record<string, unknown>
  try {
    head = JSON.parse(first)
  } catch {
    throw new ViewInputError('its first line is not JSON: is it a recording of vmarea watch --record?')
  }
  const header = headerOf(head)
  if (!Array.isArray(head.list)) {
    throw new ViewInputError(
      'it has no list of the areas at its beginning: it was written by --json, which prints changes alone, or by an older vmarea. Record it again with vmarea watch PID --record FILE',
    )
  }
  const warnings: string[] = []
  const areas = areasOf(head.list, header.pageSize, 'list', warnings)
  const steps: Step[] = []
  let ended = false
  let time = header.time
  let skipped = 0
  const warn = (line: number, what: string) => {
    if (warnings.length < MOST_WARNINGS) warnings.push(`line ${line}: ${what}`)
    else skipped++
  }
  for (const [at, line] of lines.entries()) {
    if (line === '') continue
    const number = at + 2
    const value = parsed(line)
    if (value === undefined) {
      if (at === lines.length - 1) warn(number, 'the recording was cut short here')
      else warn(number, 'not JSON, and left out')
      continue
    }
    if (value.change === 'gone') ended = true
    if (typeof value.look !== 'object' || value.look === null) continue
    const step = stepOf(value, header.pageSize, number, warn)
    if (step === undefined) continue
    if (step.time < time) warn(number, 'its time is before that of the line above: shown at that time')
    time = Math.max(time, step.time)
    steps.push({ ...step, time })
  }
  if (text.length > 0 && !text.endsWith('\n') && !warnings.some((warning) => warning.endsWith('cut short here'))) {
    warnings.push('the last line has no end: the recording was cut short, or is still being written')
  }
  if (skipped > 0) warnings.push(`and ${skipped} more`)
  return { header, areas, steps, ended, warnings }
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function stepOf(
  { time, look }: Record<string, unknown>,
  pageSize: number,
  line: number,
  warn: (line: number, what: string) => void,
): Step | undefined {
  const milliseconds = typeof time === 'string' ? Date.parse(time) : Number.NaN
  if (Number.isNaN(milliseconds)) {
    warn(line, 'its time is no time, and it is left out')
    return undefined
  }
  const { gone, put } = look as Record<string, unknown>
  if (!Array.isArray(gone) || !gone.every((page) => typeof page === 'string' && /^0x[0-9a-f]{1,16}$/.test(page))) {
    warn(line, 'look.gone is no list of addresses, and it is left out')
    return undefined
  }
  const doubts: string[] = []
  try {
    const areas = areasOf(put, pageSize, 'look.put', doubts)
    for (const doubt of doubts) warn(line, doubt)
    const pages = gone.map((address: string) => Number(BigInt(address) / BigInt(pageSize)))
    return { time: milliseconds, gone: pages, put: areas }
  } catch (error) {
    warn(line, `${(error as Error).message}; it is left out`)
    return undefined
  }
}
