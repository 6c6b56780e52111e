import { parseArgs } from 'node:util'
import type { Algorithm } from '../devices/blocks/algorithm.js'
import { CommandError } from './command-error.js'
import { EXIT } from './exit-code.js'
import { check } from './pack/check.js'
import { list } from './pack/list.js'
import { make } from './pack/make.js'
import { openPacked } from './pack/open-packed.js'
import { parseByteSize } from './pack/parse-byte-size.js'
import { unpack } from './pack/unpack.js'

const HELP = `vmarea pack FILE [-o OUT]: compress a file so that any part can be read alone

The device vmarea/devices/blocks maps such a file: to touch a page decompresses
the block that it lies in. What gzip has packed is unpacked by gunzip, too.

  -o, --output OUT     by default FILE.gz, or FILE.blocks for deflate and brotli
  --algorithm NAME     gzip, deflate or brotli; by default gzip
  --level N            how hard to try: 1 to 9, by default 6; for brotli
                       0 to 11, by default 9
  --block-size SIZE    a multiple of 4K, at most 16M; by default 64K
  --force              replaces OUT

  --list FILE          what a packed file holds; with --all a line a block, with
                       --json for programs
  --check FILE         decompresses every block and tells which are damaged
  --unpack FILE        the other way round, to -o OUT, by default to FILE
                       without its ending

FILE and OUT may be -, the standard input and output, but what is listed,
checked or unpacked must be a file.

  vmarea pack data.bin
  vmarea pack data.bin --algorithm brotli --block-size 256K -o data.packed
  mysqldump shop | vmarea pack - -o shop.sql.gz
  vmarea pack --list data.bin.gz
  vmarea pack --unpack data.bin.gz -o - | sha256sum
`

/** `vmarea pack`. Resolves to the exit code. */
export async function pack(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      output: { type: 'string', short: 'o' },
      algorithm: { type: 'string' },
      level: { type: 'string' },
      'block-size': { type: 'string' },
      force: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      unpack: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return EXIT.OK
  }
  const [path, ...more] = positionals
  if (path === undefined || path === '' || more.length > 0) throw new CommandError('pack wants one file')
  const asked = (['list', 'check', 'unpack'] as const).filter((name) => values[name])
  if (asked.length > 1) throw new CommandError(`--${asked.join(' and --')} are done one at a time`)
  const [what = 'make'] = asked
  refuseIdle(what, values)

  if (what === 'make') {
    const { output, algorithm, level, 'block-size': blockSize, force } = values
    await make(path, output, {
      force,
      ...(algorithm === undefined ? {} : { algorithm: algorithm as Algorithm }),
      ...(level === undefined ? {} : { level: parseLevel(level) }),
      ...(blockSize === undefined ? {} : { blockSize: parseByteSize(blockSize, '--block-size') }),
    })
    return EXIT.OK
  }
  using file = openPacked(path)
  if (what === 'check') return check(file)
  if (what === 'list') list(file, values)
  else await unpack(file, values.output, values.force)
  return EXIT.OK
}

const USED = {
  make: ['output', 'algorithm', 'level', 'block-size', 'force'],
  list: ['all', 'json'],
  check: [],
  unpack: ['output', 'force'],
} as const

/** An option that would do nothing is a misunderstanding. */
function refuseIdle(what: keyof typeof USED, values: Readonly<Record<string, unknown>>): void {
  const known: readonly string[] = [...USED[what], 'list', 'check', 'unpack']
  for (const [name, value] of Object.entries(values)) {
    if (value === false || value === undefined || known.includes(name)) continue
    throw new CommandError(`--${name} does nothing ${what === 'make' ? 'when a file is packed' : `with --${what}`}`)
  }
}

function parseLevel(text: string): number {
  if (!/^\d{1,2}$/.test(text)) throw new CommandError(`--level wants a number, not ${JSON.stringify(text)}`)
  return Number(text)
}
