import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Column, table } from '#vmarea/cli/table.js'
import { seed } from '../support/seed.js'

const columns: readonly Column[] = [
  { title: 'KEY' },
  { title: 'SIZE', align: 'right' },
  { title: 'EXTRA', align: 'right', optional: true },
  { title: 'OBJECT', rest: true },
]

function* oneByOne<T>(items: readonly T[], made: (count: number) => void = () => {}): Generator<T> {
  for (const [index, item] of items.entries()) {
    made(index + 1)
    yield item
  }
}

/** The cells of each row, read by the places of the titles above it. */
function parse(lines: readonly string[]): string[][] {
  const rows: string[][] = []
  let titles = ''
  for (const line of lines) {
    if (line.startsWith('KEY')) {
      titles = line
      continue
    }
    const end = (title: string) => titles.indexOf(title) + title.length
    const cells = [line.slice(0, titles.indexOf(' ')), line.slice(0, end('SIZE')).split(' ').at(-1)!]
    cells.push(titles.includes('EXTRA') ? line.slice(end('SIZE'), end('EXTRA')).trim() : '')
    cells.push(line.slice(titles.indexOf('OBJECT')).trim())
    rows.push([line.split(' ', 1)[0]!, ...cells.slice(1)])
  }
  return rows
}

const rowsArbitrary = fc.array(
  fc.tuple(
    fc.integer({ min: 1, max: 999_999 }).map((number) => `k${number}`),
    fc.oneof({ weight: 50, arbitrary: fc.constant('4K') }, fc.constant('123456.5M')),
    fc.oneof({ weight: 99, arbitrary: fc.constant('') }, fc.constant('9')),
    fc.constantFrom('(anonymous)', '/usr/lib/a-library.so'),
  ),
  { minLength: 0, maxLength: 1500 },
)

test('rows that are made one by one stand under titles that fit them', () => {
  fc.assert(
    fc.property(rowsArbitrary, (rows) => {
      assert.deepEqual(parse([...table(columns, oneByOne(rows), { width: 80 })]), rows)
    }),
    { seed, numRuns: 50 },
  )
})

test('few rows are laid out alike, made one by one or not', () => {
  fc.assert(
    fc.property(rowsArbitrary, (rows) => {
      const few = rows.slice(0, 200)
      assert.deepEqual([...table(columns, oneByOne(few), { width: 80 })], [...table(columns, few, { width: 80 })])
    }),
    { seed, numRuns: 20 },
  )
})

test('the first line is out before most of the rows are made', () => {
  const rows = Array.from({ length: 10_000 }, (_, index) => [`k${10_000 + index}`, '4K', '', '/lib'])
  let made = 0
  const lines = table(
    columns,
    oneByOne(rows, (count) => {
      made = count
    }),
  )
  lines.next()
  assert.ok(made < 1000, `${made} rows`)
  assert.equal([...lines].length, rows.length)
})

test('the titles come again where a column first has something', () => {
  const rows = Array.from({ length: 2000 }, (_, index) => ['k', '4K', index < 1500 ? '' : '9', '/lib'])
  const titles = [...table(columns, oneByOne(rows))].filter((line) => line.startsWith('KEY'))
  assert.deepEqual(
    titles.map((line) => line.split(/ +/)),
    [
      ['KEY', 'SIZE', 'OBJECT'],
      ['KEY', 'SIZE', 'EXTRA', 'OBJECT'],
    ],
  )
})

test('no rows have titles', () => {
  assert.deepEqual([...table(columns, oneByOne([]))], ['KEY SIZE OBJECT'])
})
