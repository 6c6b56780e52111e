import type { Algorithm } from '../devices/blocks/algorithm.js'
import { CommandError } from './command-error.js'
import { EXIT } from './exit-code.js'
import { check } from './pack/check.js'
import { list } from './pack/list.js'
import { make } from './pack/make.js'
import { openPacked } from './pack/open-packed.js'
import { parseByteSize } from './pack/parse-byte-size.js'
import { unpack } from './pack/unpack.js'

export interface PackOptions {
  readonly output: string | undefined
  readonly algorithm: string | undefined
  readonly level: string | undefined
  readonly 'block-size': string | undefined
  readonly force: boolean
  readonly list: boolean
  readonly check: boolean
  readonly unpack: boolean
  readonly all: boolean
  readonly json: boolean
}

/** `vmarea pack`. Resolves to the exit code. */
export async function pack(values: PackOptions, operands: readonly string[]): Promise<number> {
  const [path, ...more] = operands
  if (path === undefined || path === '' || more.length > 0) throw new CommandError('pack requires one file')
  const asked = (['list', 'check', 'unpack'] as const).filter((name) => values[name])
  if (asked.length > 1) throw new CommandError(`--${asked.join(' and --')} are done one at a time`)
  const [what = 'make'] = asked
  refuseIdle(what, values)

  if (what === 'make') {
    const { output, algorithm, level, 'block-size': blockSize, force, json } = values
    await make(path, output, {
      force,
      json,
      ...(algorithm === undefined ? {} : { algorithm: algorithm as Algorithm }),
      ...(level === undefined ? {} : { level: parseLevel(level) }),
      ...(blockSize === undefined ? {} : { blockSize: parseByteSize(blockSize, '--block-size') }),
    })
    return EXIT.OK
  }
  using file = openPacked(path)
  if (what === 'check') return check(file, values.json)
  if (what === 'list') list(file, values)
  else await unpack(file, values.output, values)
  return EXIT.OK
}

const USED = {
  make: ['output', 'algorithm', 'level', 'block-size', 'force', 'json'],
  list: ['all', 'json'],
  check: ['json'],
  unpack: ['output', 'force', 'json'],
} as const

/** An option that would do nothing is a misunderstanding. */
function refuseIdle(what: keyof typeof USED, values: PackOptions): void {
  const known: readonly string[] = [...USED[what], 'list', 'check', 'unpack']
  for (const [name, value] of Object.entries(values)) {
    if (value === false || value === undefined || known.includes(name)) continue
    throw new CommandError(`--${name} does nothing ${what === 'make' ? 'when a file is packed' : `with --${what}`}`)
  }
}

function parseLevel(text: string): number {
  if (!/^\d{1,2}$/.test(text)) throw new CommandError(`--level must be a number, and this is ${JSON.stringify(text)}`)
  return Number(text)
}
