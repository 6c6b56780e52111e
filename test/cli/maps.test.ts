import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { parseArguments } from '#vmarea/cli/command/parse-arguments.js'
import { mapsCommand } from '#vmarea/cli/commands/maps.js'
import { areaFilter } from '#vmarea/cli/maps/area-filter.js'
import { areaRows } from '#vmarea/cli/maps/area-rows.js'
import { COLUMN_NAMES, type ColumnName } from '#vmarea/cli/maps/column-names.js'
import { columnsNamed } from '#vmarea/cli/maps/columns.js'
import { jsonAreas } from '#vmarea/cli/maps/json-areas.js'
import { objectName } from '#vmarea/cli/maps/object-name.js'
import { pageStrip } from '#vmarea/cli/maps/page-strip.js'
import { MAPS_SORT_KEYS, type MapsSortKey } from '#vmarea/cli/maps/sort-keys.js'
import { usageField } from '#vmarea/cli/maps/usage-field.js'
import { type MapsOptions, maps } from '#vmarea/cli/maps.js'
import { kindOf } from '#vmarea/snapshot/kind-of.js'
import type { AreaSnapshot, Snapshot } from '#vmarea/snapshot/snapshot.js'
import { USAGE_FIELDS } from '#vmarea/snapshot/usage-fields.js'
import { settled } from '../support/settled.js'
import { skipWithoutTerminal, Terminal } from '../support/terminal.js'
import { MAIN, run } from './run.js'

const folder = mkdtempSync(join(tmpdir(), 'vmarea-maps-'))
const program = join(folder, `sleeper${process.pid}`)
const saved = join(folder, 'snapshot.json')
copyFileSync('/bin/sleep', program)
const children = [1, 2].map(() => spawn(program, ['1000'], { stdio: 'ignore' }))
const sleepers = children.map(({ pid }) => pid!)

after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

await Promise.all(children.map((child) => once(child, 'spawn')))
for (const pid of sleepers) await settled(pid)
assert.equal(run('maps', String(sleepers[0]), '--save', saved).code, 0)
const { areas: all } = JSON.parse(readFileSync(saved, 'utf8')) as Snapshot

/** The options as the command reads them. */
const read = (...args: string[]) => parseArguments(mapsCommand, args).values as unknown as MapsOptions
const sortOf = ({ sort }: MapsOptions) => (sort ?? 'address') as MapsSortKey

const areasOf = (...args: string[]) => {
  const values = read(...args)
  return jsonAreas(all, { filter: areaFilter(values), sort: sortOf(values), pages: false })
}

/** The rows of the table of some columns. */
const rowsOf = (columns: readonly ColumnName[], ...args: string[]) => {
  const values = read(...args)
  const { rows } = areaRows(all.filter(areaFilter(values) ?? (() => true)), {
    columns: columnsNamed(columns, () => ''),
    sort: sortOf(values),
    all: values.all,
    gaps: false,
    size: String,
  })
  return [...rows]
}

const length = ({ start, end }: AreaSnapshot) => Number(BigInt(end) - BigInt(start))

describe('a filter selects the areas that match', () => {
  const cases: [args: string[], matches: (area: AreaSnapshot) => boolean][] = [
    [['--kind', 'code'], (area) => kindOf(area) === 'code'],
    [['--kind', 'heap,anonymous', '-k', 'stack'], (area) => ['heap', 'anonymous', 'stack'].includes(kindOf(area))],
    [['--perms', 'w'], ({ permissions }) => permissions[1] === 'w'],
    [['--perms', 'r-xp'], ({ permissions }) => permissions === 'r-xp'],
    [['--perms=*w**'], ({ permissions }) => permissions[1] === 'w'],
    [['--perms', 'rx', '--perms', 'rw-p'], ({ permissions }) => /^r.x|^rw-p/.test(permissions)],
    [['--name', 'libc'], ({ path }) => path.includes('libc')],
    [['--name', '[', '--perms', 'x'], ({ path, permissions }) => path.includes('[') && permissions[2] === 'x'],
    [['--name', '(anonymous)'], ({ path, permissions }) => path === '' && !permissions.startsWith('---')],
  ]
  for (const [args, matches] of cases) {
    test(args.join(' '), () => {
      const expected = areasOf().filter(matches)
      assert.ok(expected.length > 0)
      assert.deepEqual(areasOf(...args), expected)
    })
  }

  test('--range, whose end is exclusive, and a single address', () => {
    const [, one, two, three] = all as [AreaSnapshot, AreaSnapshot, AreaSnapshot, AreaSnapshot]
    assert.deepEqual(areasOf('--range', `${one.start}-${three.start}`), [one, two])
    assert.deepEqual(areasOf('--range', one.start.slice(2)), [one])
    assert.deepEqual(areasOf('--range', `${one.start}-${one.end}`, '--range', three.start), [one, three])
    assert.deepEqual(areasOf('--range', '0-1'), [])
  })
})

describe('--sort', () => {
  const amounts: Record<string, (area: AreaSnapshot) => number> = {
    size: length,
    rss: ({ usage }) => usage.rss!,
    pss: ({ usage }) => usage.pss!,
    dirty: ({ usage }) => usage.privateDirty! + usage.sharedDirty!,
    swap: ({ usage }) => usage.swap!,
  }
  for (const key of MAPS_SORT_KEYS) {
    test(`${key} orders the table and the JSON`, () => {
      const sorted = areasOf('--sort', key)
      const expected = [...areasOf()]
      if (key === 'name') {
        const names = rowsOf(['object'], '--all', '--sort', key).flat()
        assert.deepEqual(names, [...names].sort())
        assert.deepEqual(sorted.map(objectName), names)
      } else {
        const amount = amounts[key] ?? (({ usage }: AreaSnapshot) => usage[usageField(key)]!)
        if (key !== 'address') expected.sort((a, b) => amount(b) - amount(a))
        assert.deepEqual(sorted, expected)
        assert.deepEqual(
          rowsOf(['addresses'], '--all', '--sort', key).flat(),
          expected.map(({ start, end }) => `${start.slice(2)}-${end.slice(2)}`),
        )
      }
    })
  }
})

test('the totals have each chosen column that adds up, once', () => {
  const sizes = (text: string) => text.trim().split(/ +/)
  const { out } = run('maps', '--from', saved, '--columns', 'shared-clean,private-dirty,locked,rss,flags,object', '-b')
  const lines = out.split('\n')
  const titles = sizes(lines[lines.indexOf('') + 1]!)
  assert.deepEqual(titles.slice(0, 6), ['KIND', 'AREAS', 'SIZE', 'RSS', 'PSS', 'DIRTY'])
  assert.deepEqual(titles.slice(-2), ['SHARED-CLEAN', 'PRIVATE-DIRTY'])
  assert.equal(new Set(titles).size, titles.length)
  const all = sizes(lines.find((line) => line.startsWith('all '))!)
  const total = (field: 'sharedClean' | 'privateDirty') => areasOf().reduce((sum, { usage }) => sum + usage[field]!, 0)
  assert.deepEqual(all.slice(-2).map(Number), [total('sharedClean'), total('privateDirty')])
  assert.doesNotMatch(run('maps', '--from', saved).out, /SHARED-CLEAN/)
})

test('the command shows the columns, filters and order that are asked for', () => {
  const { out } = run(
    'maps',
    '--from',
    saved,
    '--columns',
    'object,rss',
    '--perms',
    'x',
    '--sort',
    'rss',
    '--all',
    '-b',
  )
  const lines = out.split('\n')
  assert.match(lines[0]!, /^OBJECT +RSS$/)
  const expected = areasOf('--perms', 'x', '--sort', 'rss')
  assert.deepEqual(
    lines.slice(1, lines.indexOf('')).map((line) => line.split(/ +/)),
    expected.map((area) => [objectName(area), ...(area.usage.rss ? [String(area.usage.rss)] : [])]),
  )
  assert.match(out, new RegExp(`^all +${expected.length} `, 'm'))
  const json = run('maps', '--from', saved, '--json', '--perms', 'x', '--sort', 'rss')
  assert.deepEqual((JSON.parse(json.out) as Snapshot).areas, expected)
})

test('--all-columns shows every column, and a column adds up what the kernel says', () => {
  const wide = run('maps', '--from', saved, '-X', '--bytes').out.split('\n', 1)[0]!.trim().split(/ +/)
  for (const title of ['ADDRESSES', 'KIND', 'PRIVATE-DIRTY', 'FLAGS', 'INODE', 'OBJECT'])
    assert.ok(wide.includes(title))
  const [[total]] = rowsOf(['referenced'], '--name', 'libc') as [[string]]
  const parts = areasOf('--name', 'libc').map(({ usage }) => usage.referenced!)
  assert.ok(parts.length > 1)
  assert.equal(
    Number(total),
    parts.reduce((sum, part) => sum + part),
  )
})

test('every field of smaps is a column', () => {
  for (const field of USAGE_FIELDS) {
    const name = field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    assert.ok((COLUMN_NAMES as readonly string[]).includes(name), name)
  }
})

test('several processes, by number and by name, are shown one after the other, each once', () => {
  const name = program.slice(program.lastIndexOf('/') + 1)
  const byName = run('maps', name, '--json')
  assert.equal(byName.code, 0, byName.err)
  const pids = byName.out
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as Snapshot).pid)
  assert.deepEqual(
    pids,
    [...sleepers].sort((a, b) => a - b),
  )
  const { out } = run('maps', String(sleepers[1]), name)
  assert.deepEqual(
    [...out.matchAll(/^process (\d+) · (\S+) 1000$/gm)].map((match) => [Number(match[1]), match[2]]),
    [sleepers[1]!, sleepers[0]!].map((pid) => [pid, program]),
  )
})

test('a process that can not be looked at is reported, and the others are shown', () => {
  const { code, out, err } = run('maps', '4194305', String(sleepers[0]), '2', '--json')
  assert.equal(code, 3)
  assert.equal(
    err,
    'vmarea maps: there is no process 4194305\nvmarea maps: process 2 is a thread of the kernel, which has no memory of its own\n',
  )
  assert.equal((JSON.parse(out) as Snapshot).pid, sleepers[0])
})

test('options that can not be understood are refused in a sentence', () => {
  const cases: [args: string[], code: number, error: RegExp][] = [
    [['--sort', 'rs'], 2, /--sort can't be "rs", did you mean rss\?/],
    [['--sort', ''], 2, /--sort can't be ""/],
    [['--kind', 'heap,'], 2, /--kind can't be ""/],
    [['--columns', 'rss;pss'], 2, /--columns can't be "rss;pss"/],
    [['--perms', 'rwz'], 2, /--perms can't be "rwz"/],
    [['--perms', '---p'], 2, /write --perms=---p/],
    [['--range', '7f-'], 2, /--range can't be "7f-"/],
    [['--range', '20-10'], 2, /ends before it begins/],
    [['--range', '1-11111222233334444'], 2, /--range can't be/],
    [['--gaps', '--sort', 'rss'], 2, /leave --sort/],
    [['--save', saved, '--name', 'x'], 2, /leave --sort, --pages and the filters out/],
    [['-X', '--columns', 'rss'], 2, /give one/],
    [['--from', saved, '--pages'], 2, /leave --pages out/],
    [['--from', saved, '1'], 2, /leave the process out/],
    [[`sleeper${process.pid}x`], 3, new RegExp(`did you mean sleeper${process.pid}\\?`)],
    [['0'], 2, /numbers begin at 1/],
    [['-5'], 2, /there is no option -5/],
    [['1.5'], 2, /no process number/],
    [['--', '-5'], 2, /no process number/],
  ]
  for (const [args, code, error] of cases) {
    const attempt = () => {
      const { values, operands } = parseArguments(mapsCommand, args)
      return maps(values as unknown as MapsOptions, operands)
    }
    assert.throws(attempt, { name: 'CommandError', exitCode: code, message: error }, args.join(' '))
  }
})

test('--pages shows which pages are in memory', () => {
  const { out } = run('maps', String(sleepers[0]), '--pages', '--all', '--json')
  for (const { start, end, usage, pages } of (
    JSON.parse(out) as { areas: (AreaSnapshot & { pages: { start: string; end: string; state: string[] }[] })[] }
  ).areas) {
    const present = pages.filter(({ state }) => state.includes('present'))
    const bytes = present.reduce((sum, run) => sum + Number(BigInt(run.end) - BigInt(run.start)), 0)
    // The kernel's own pages are present, and are no part of the process's memory.
    if (usage.rss! > 0) assert.ok(bytes >= usage.rss!, `${start}-${end}: ${bytes} of ${usage.rss}`)
  }
  const strips = run('maps', String(sleepers[0]), '--columns', 'pages,object').out
  assert.match(strips, /^[█▓▒░·sg]{1,32} +\S*libc/m)
  assert.match(strips, /· not there$/m)
})

test('a strip gives each character as many pages as the next', () => {
  const run = (from: number, to: number, state: number) => ({
    start: BigInt(from * 4096),
    end: BigInt(to * 4096),
    state,
  })
  const strip = (pages: number, ...runs: ReturnType<typeof run>[]) => pageStrip(runs, 0n, BigInt(pages * 4096), 4096)
  assert.equal(strip(4, run(0, 1, 1), run(1, 2, 0), run(2, 3, 2), run(3, 4, 0x82)), '█·sg')
  assert.equal(strip(64, run(0, 64, 1)), '█'.repeat(32))
  assert.equal(strip(96, run(0, 1, 1), run(4, 6, 1)), `▒▓${'·'.repeat(30)}`)
  assert.equal(strip(33, run(32, 33, 1)), `${'·'.repeat(31)}▓`)
  assert.equal(strip(2 ** 35, run(2 ** 34, 2 ** 34 + 1, 1)), `${'·'.repeat(16)}░${'·'.repeat(15)}`)
  // A run that begins before the area and ends behind it.
  assert.equal(pageStrip([run(0, 9, 1)], 4096n, 3n * 4096n, 4096), '██')
})

test('on a terminal names and permissions have the colour of what they are', {
  skip: skipWithoutTerminal(),
}, async () => {
  const terminal = new Terminal(
    `"${process.execPath}" "${MAIN}" maps --from ${saved} --all; printf 'THE%s' END; sleep 1000`,
    { height: 80 },
  )
  try {
    await terminal.shows('the end', (screen) => screen.includes('THEEND'))
    const screen = terminal.screen('-e').replaceAll('\u001b[', '<')
    assert.match(screen, /<32mr-xp<39m.*<32m\S*libc/)
    assert.match(screen, /<33mrw-p<39m.*<33m\[stack\]/)
    assert.match(screen, /<34m\S*libc/)
  } finally {
    terminal.close()
  }
})

test('a full disk and a reader that has gone are said without names of calls', () => {
  const full = run('maps', '--save', '/dev/full')
  assert.equal(full.code, 1)
  assert.equal(full.err, "vmarea maps: can't write /dev/full: no space left on device\n")
  const missing = run('maps', '--from', join(folder, 'none'))
  assert.equal(missing.err, `vmarea maps: can't read ${join(folder, 'none')}: no such file or directory\n`)
})
