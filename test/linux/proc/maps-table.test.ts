import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { MapsTable, ROW_SHARED } from '#vmarea/linux/proc/maps-table.js'
import { kernelLine, type MadeUpArea } from './kernel-line.js'
import { madeUpAreas } from './made-up-areas.js'

function parse(text: Buffer): MapsTable {
  const table = new MapsTable()
  assert.equal(table.addAll(text, 0, text.length), text.length)
  return table
}

function rowOf(table: MapsTable, row: number): object {
  const bits = table.permissions(row)
  return {
    start: table.start(row),
    end: table.end(row),
    permissions: `${bits & 1 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${bits & 4 ? 'x' : '-'}${bits & ROW_SHARED ? 's' : 'p'}`,
    offset: table.offset(row),
    major: table.deviceMajor(row),
    minor: table.deviceMinor(row),
    inode: table.inode(row),
    name: Buffer.from(table.name(row)).toString('latin1'),
  }
}

function asListed({ name, ...rest }: MadeUpArea): object {
  return { ...rest, name: name.toString('latin1').replaceAll('\n', '\\012') }
}

test('every list that the kernel could write is read as it was meant', () => {
  fc.assert(
    fc.property(madeUpAreas, (areas) => {
      const table = parse(Buffer.concat(areas.map(kernelLine)))
      assert.equal(table.count, areas.length)
      assert.deepEqual(
        areas.map((_, row) => rowOf(table, row)),
        areas.map(asListed),
      )
      for (const [row, { start, end }] of areas.entries()) {
        assert.equal(table.firstEndingAfter(start), row)
        assert.equal(table.firstEndingAfter(end), row + 1)
      }
    }),
  )
})

test('a line that is not whole, or not the kernel’s, is an error and never passed over', () => {
  const byte = fc.integer({ min: 0, max: 255 })
  fc.assert(
    fc.property(madeUpAreas, fc.nat(), fc.nat(), byte, (areas, pick, place, value) => {
      fc.pre(areas.length > 0)
      const lines = areas.map(kernelLine)
      const broken = Buffer.from(lines[pick % lines.length]!)
      // Within the fields, where any change is either another good line or an error, but never a line less.
      // Only another address may make a line one that was listed before.
      const index = place % Math.min(broken.length - 1, 40)
      broken[index] = value
      const addressChanged = index < broken.indexOf(' ')
      lines[pick % lines.length] = broken
      const expected = lines.length + (value === 10 ? 1 : 0)
      try {
        const table = parse(Buffer.concat(lines))
        if (!addressChanged) assert.equal(table.count, expected)
        for (let row = 1; row < table.count; row++) assert.ok(table.start(row) >= table.end(row - 1))
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'ERR_VMAREA_UNFORESEEN_TEXT', String(error))
      }
    }),
  )
})

test('the error holds the line', () => {
  for (const line of [
    'nonsense',
    '1000-2000 rw-p',
    '1000-2000 rwzp 00000000 00:00 0 ',
    '1000-2000 rw-p 00000000 0000 0 ',
    '-2000 rw-p 0 0:0 0',
  ]) {
    assert.throws(() => parse(Buffer.from(`${line}\n`)), {
      code: 'ERR_VMAREA_UNFORESEEN_TEXT',
      message: new RegExp(line.slice(0, 8)),
    })
  }
})

test('a name that many rows share is kept once', () => {
  const area: MadeUpArea = {
    start: 4096n,
    end: 8192n,
    permissions: 'r--p',
    offset: 0n,
    major: 1,
    minor: 2,
    inode: 3n,
    name: Buffer.from('/x'),
  }
  const table = parse(Buffer.concat([kernelLine(area), kernelLine({ ...area, start: 8192n, end: 12288n })]))
  assert.equal(table.name(0), table.name(1))
})

test("this process's own list is read whole", () => {
  const text = readFileSync('/proc/self/maps')
  assert.equal(parse(text).count, text.toString('latin1').split('\n').length - 1)
})
