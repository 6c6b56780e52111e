import { release } from 'node:os'
import { addon } from '../linux/addon/addon.js'
import { pageSizes } from '../linux/page-sizes.js'
import { SNAPSHOT_VERSION } from '../snapshot/snapshot.js'
import { byteSize } from './byte-size.js'
import { CommandError } from './command-error.js'
import type { Capability } from './doctor/capability.js'
import { catching } from './doctor/catching.js'
import { driving } from './doctor/driving.js'
import { holding } from './doctor/holding.js'
import { seeing } from './doctor/seeing.js'
import { describeStuck, stuck } from './doctor/stuck.js'
import { swapping } from './doctor/swapping.js'
import { EXIT } from './exit-code.js'
import { paint } from './paint.js'
import { processArgument } from './process/process-argument.js'
import { outputWidth } from './table.js'
import { version } from './version.js'
import { wrap } from './wrap.js'

const INDENT = 6
const NAME_WIDTH = 24

/** `vmarea doctor`. Returns the exit code. */
export function doctor(values: { readonly json: boolean }, operands: readonly string[]): number {
  if (operands.length > 1) throw new CommandError('one process at a time')
  if (operands.length === 1) return ofProcess(processArgument(operands[0]), values.json)
  const { pageSize } = addon()
  const groups: (readonly [title: string, capabilities: readonly Capability[]])[] = [
    ['Holding memory', [...holding(pageSizes(pageSize))]],
    ['Seeing memory', [...seeing()]],
    ['Catching faults', [...catching()]],
    ['Driving memory', [...driving(), ...swapping()]],
  ]
  const machine = { vmarea: version(), node: process.version, kernel: release(), architecture: process.arch, pageSize }
  const capabilities = groups.flatMap(([, some]) => some)
  if (values.json) {
    const trimmed = capabilities.map((capability) => ({ ...capability, name: capability.name.trim() }))
    process.stdout.write(`${JSON.stringify({ version: SNAPSHOT_VERSION, ...machine, capabilities: trimmed })}\n`)
    return EXIT.OK
  }
  const { vmarea, node, kernel, architecture } = machine
  write(
    paint('bold', `vmarea ${vmarea} · Node ${node} · Linux ${kernel} ${architecture} · pages of ${byteSize(pageSize)}`),
  )
  for (const [title, some] of groups) {
    write('')
    write(paint('bold', title))
    for (const capability of some) for (const line of describe(capability)) write(line)
  }
  write('')
  const namesOf = (some: readonly Capability[]) => some.map(({ name }) => name.trim()).join(', ')
  const fallbacks = namesOf(capabilities.filter(({ fallback }) => fallback !== undefined))
  const partly = namesOf(capabilities.filter(({ limits }) => limits !== undefined))
  const summary = fallbacks === '' ? 'No fall-back is in use.' : `Fall-backs in use: ${fallbacks}.`
  for (const line of wrap(`${summary}${partly === '' ? '' : ` In part: ${partly}.`}`, outputWidth())) write(line)
  return EXIT.OK
}

function ofProcess(pid: number, asJson: boolean): number {
  const found = stuck(pid)
  if (asJson) write(JSON.stringify({ version: SNAPSHOT_VERSION, ...found }))
  else for (const line of describeStuck(found)) write(line)
  return EXIT.OK
}

function* describe({ name, available, purpose, found, limits, fallback, remedy }: Capability): Generator<string> {
  const mark =
    limits !== undefined ? paint('yellow', 'part') : available ? paint('green', ' yes') : paint('yellow', '  no')
  yield* entry(`${mark}  ${name.padEnd(NAME_WIDTH)}`, purpose)
  if (found !== 'works' && found !== 'offered' && found !== 'not offered') yield* more(found)
  if (limits !== undefined) yield* more(`but: ${limits}`)
  if (fallback !== undefined) yield* more(`without it: ${fallback}`)
  if (remedy !== undefined) yield* more(`to allow ${limits === undefined ? 'it' : 'all of it'}: ${remedy}`)
}

function* entry(head: string, text: string): Generator<string> {
  const [first = '', ...rest] = lines(text)
  yield `${head} ${first}`
  for (const line of rest) yield `${' '.repeat(INDENT + NAME_WIDTH + 1)}${line}`
}

function* more(text: string): Generator<string> {
  for (const line of lines(text)) yield paint('dim', `${' '.repeat(INDENT + NAME_WIDTH + 1)}${line}`)
}

function lines(text: string): string[] {
  return wrap(text, Math.max(Math.min(outputWidth(), 120) - INDENT - NAME_WIDTH - 1, 30))
}

function write(line: string): void {
  process.stdout.write(`${line}\n`)
}
