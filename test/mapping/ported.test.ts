// What the tests of mmap-rs ask, by meaning, and the inverse of each of its known defects. Each looks at the result through
// /proc/self/maps, not through the library.
import assert from 'node:assert/strict'
import { closeSync, fsyncSync, openSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import {
  Mmap,
  MmapMut,
  MmapNone,
  map,
  mapMut,
  mapNone,
  pageSize,
  pageSizes,
  Reserved,
  reserve,
  reserveMut,
  reserveNone,
} from '#vmarea/index.js'
import { areaAt, areasIn } from '../support/memory-areas.js'
import { temporaryFile } from '../support/temporary-folder.js'
import { throwsUsage, throwsVm } from '../support/throws.js'

const page = pageSize()

describe('the tests of mmap-rs', () => {
  test('a reservation without access is private, has no access, and commits to MmapNone', () => {
    using reserved = reserveNone({ length: page })
    assert.equal(areaAt(reserved.start)!.permissions, '---p')
    using none = MmapNone.from(reserved)
    assert.notEqual(none.start, 0n)
    assert.equal(areaAt(none.start)!.permissions, '---p')
  })

  test('a readable reservation is private and has no access until it is committed, and then reading only', () => {
    using reserved = reserve({ length: page })
    assert.ok(reserved instanceof Reserved)
    assert.equal(areaAt(reserved.start)!.permissions, '---p')
    using mapping = Mmap.from(reserved)
    assert.equal(areaAt(mapping.start)!.permissions, 'r--p')
    assert.equal(mapping.bytes[0], 0)
  })

  test('a writable reservation, committed, holds what is written and can not be executed', () => {
    using reserved = reserveMut({ length: page })
    using mapping = MmapMut.from(reserved)
    mapping.bytes[0] = 0x42
    assert.equal(mapping.bytes[0], 0x42)
    assert.equal(areaAt(mapping.start)!.permissions, 'rw-p')
  })

  test('mapNone gives private memory without access', () => {
    using mapping = mapNone({ length: page })
    assert.equal(areaAt(mapping.start)!.permissions, '---p')
  })

  test('map gives private memory for reading', () => {
    using mapping = map({ length: page })
    assert.equal(areaAt(mapping.start)!.permissions, 'r--p')
  })

  test('mapMut gives private memory for reading and writing', () => {
    using mapping = mapMut({ length: page })
    mapping.bytes[0] = 0x42
    assert.equal(mapping.bytes[0], 0x42)
    assert.equal(areaAt(mapping.start)!.permissions, 'rw-p')
  })

  test('two shared maps of one file both show its bytes, and have its path', () => {
    const file = temporaryFile(new Uint8Array(page).fill(0x42))
    using one = map({ file, shared: true })
    using other = map({ file, shared: true })
    assert.equal(one.bytes[0], 0x42)
    assert.equal(other.bytes[page - 1], 0x42)
    const area = areaAt(one.start)!
    assert.equal(area.permissions, 'r--s')
    assert.equal(area.path, file)
  })

  test('a write through one shared map shows in another at once, and in the file after a flush', async () => {
    const file = temporaryFile(page)
    using one = mapMut({ file, shared: true })
    using other = map({ file, shared: true })
    one.bytes[7] = 0xee
    assert.equal(other.bytes[7], 0xee)
    await one.flush()
    const descriptor = openSync(file, 'r+')
    fsyncSync(descriptor)
    closeSync(descriptor)
    assert.equal(readFileSync(file)[7], 0xee)
    const area = areaAt(one.start)!
    assert.equal(area.permissions, 'rw-s')
    assert.equal(area.path, file)
  })

  test('a write through a private map shows neither in another map nor, after a flush, in the file', async () => {
    const file = temporaryFile(page)
    using one = mapMut({ file })
    using other = map({ file })
    one.bytes[7] = 0xee
    await one.flush()
    assert.equal(other.bytes[7], 7)
    assert.equal(readFileSync(file)[7], 7)
    const area = areaAt(one.start)!
    assert.equal(area.permissions, 'rw-p')
    assert.equal(area.path, file)
  })

  test('a reservation splits, and one half can be committed alone', () => {
    using left = reserveMut({ length: 2 * page })
    const start = left.start
    using right = left.splitOff(page)
    assert.equal(left.start, start)
    assert.equal(right.start, left.end)
    assert.equal(left.size, page)
    assert.equal(right.size, page)
    using committed = MmapMut.from(right)
    committed.bytes[0] = 0x42
    assert.equal(committed.bytes[0], 0x42)
    assert.deepEqual(
      areasIn(start, start + BigInt(2 * page)).map(({ permissions }) => permissions),
      ['---p', 'rw-p'],
    )
  })

  test('splitOff keeps the front, with its bytes, and gives the rest, with its bytes', () => {
    using left = mapMut({ length: 2 * page })
    left.bytes[0] = 0x42
    left.bytes[page] = 0x43
    throwsUsage(() => left.splitOff(1), 'ERR_VMAREA_NOT_PAGE_ALIGNED', /\b1\b/)
    using right = left.splitOff(page)
    assert.equal(left.bytes[0], 0x42)
    assert.equal(right.bytes[0], 0x43)
    assert.deepEqual([left.size, right.size], [page, page])
    assert.ok(left.start < right.start)
  })

  test('splitTo keeps the rest and gives the front', () => {
    using mapping = mapMut({ length: 2 * page })
    mapping.bytes[0] = 0x42
    mapping.bytes[page] = 0x43
    throwsUsage(() => mapping.splitTo(1), 'ERR_VMAREA_NOT_PAGE_ALIGNED', /\b1\b/)
    using front = mapping.splitTo(page)
    assert.equal(mapping.bytes[0], 0x43)
    assert.equal(front.bytes[0], 0x42)
    assert.equal(front.end, mapping.start)
  })

  test('a split private map of a file keeps what was written on both sides', () => {
    using left = mapMut({ file: temporaryFile(2 * page) })
    left.bytes[0] = 0x42
    left.bytes[page] = 0x43
    throwsUsage(() => left.splitOff(1), 'ERR_VMAREA_NOT_PAGE_ALIGNED')
    using right = left.splitOff(page)
    assert.deepEqual([left.bytes[0], left.bytes[1]], [0x42, 1])
    assert.deepEqual([right.bytes[0], right.bytes[1]], [0x43, (page + 1) % 251])
  })

  test('pieces merge with the piece behind them, and in no other order', () => {
    using left = mapMut({ length: 3 * page })
    const { start } = left
    left.bytes.set([1], 0)
    left.bytes.set([2], page)
    left.bytes.set([3], 2 * page)
    using middle = left.splitOff(page)
    using right = middle.splitOff(page)
    throwsUsage(() => left.merge(right), 'ERR_VMAREA_NOT_ADJACENT')
    throwsUsage(() => right.merge(left), 'ERR_VMAREA_NOT_ADJACENT')
    throwsUsage(() => middle.merge(left), 'ERR_VMAREA_NOT_ADJACENT')
    left.merge(middle)
    throwsUsage(() => right.merge(left), 'ERR_VMAREA_NOT_ADJACENT')
    left.merge(right)
    assert.equal(left.size, 3 * page)
    assert.equal(left.start, start)
    assert.deepEqual([left.bytes[0], left.bytes[page], left.bytes[2 * page]], [1, 2, 3])
    assert.deepEqual(
      areasIn(left.start, left.end).map(({ permissions }) => permissions),
      ['rw-p'],
    )
    throwsUsage(() => middle.size, 'ERR_VMAREA_MOVED')
  })

  test('the middle of three pieces leaves a hole when it is unmapped', () => {
    using left = mapMut({ length: 3 * page })
    const middle = left.splitOff(page)
    using right = middle.splitOff(page)
    middle.unmap()
    const areas = areasIn(left.start, right.end)
    assert.deepEqual(
      areas.map(({ start, end }) => [start, end]),
      [
        [left.start, left.end],
        [right.start, right.end],
      ],
    )
  })
})

describe('what mmap-rs gets wrong', () => {
  test('D1: each page size that is listed can be requested by that very number', () => {
    for (const size of pageSizes().slice(1)) {
      // A pool may be empty; what counts is that the number is understood.
      try {
        mapMut({ length: size, hugePages: size }).unmap()
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'ENOMEM')
      }
    }
    assert.equal(pageSizes()[0], page)
  })

  test('D3: makeReadOnly takes the right to write away', () => {
    using mapping = mapMut({ length: page }).makeReadOnly()
    assert.equal(areaAt(mapping.start)!.permissions, 'r--p')
  })

  test('D4: a view of a file from a later offset on has the bytes from there on', () => {
    const file = temporaryFile(4 * page)
    using mapping = map({ file, offset: 2 * page, length: page })
    assert.equal(mapping.bytes[5], (2 * page + 5) % 251)
  })

  test('D6: the permission of a reservation changes without touching what is not committed', () => {
    using reserved = reserveNone({ length: 3 * page }).makeMut()
    reserved.commit(page, page)
    using readable = reserved.makeReadOnly()
    assert.deepEqual(
      areasIn(readable.start, readable.end).map(({ permissions }) => permissions),
      ['---p', 'r--p', '---p'],
    )
  })

  test('D7: a size of huge pages that the machine lacks is an error, the base page size too', () => {
    for (const size of [page, 3 * page, 4 << 20]) {
      throwsUsage(() => mapMut({ length: size, hugePages: size }), 'ERR_VMAREA_INVALID_ARGUMENT', new RegExp(`${size}`))
    }
  })

  test('D9: a mapping whose advice fails is unmapped again', () => {
    const file = temporaryFile(page)
    const address = 0x2234_5678_0000n
    throwsVm(() => map({ file, address, fixed: 'noreplace', advice: 'remove' }), 'EACCES')
    assert.equal(areaAt(address), undefined)
    throwsUsage(
      () => map({ file, address, fixed: 'noreplace', advice: 'no such advice' as never }),
      'ERR_VMAREA_INVALID_ARGUMENT',
      /no such advice/,
    )
    assert.equal(areaAt(address), undefined)
  })

  test('D10: neighbours with different files, different offsets or different sharing do not merge', () => {
    const file = temporaryFile(4 * page)
    const address = 0x2234_6000_0000n
    const second = address + BigInt(page)
    const at = (place: bigint) => ({ address: place, fixed: 'noreplace' as const, length: page })
    using one = map({ file, ...at(address) })
    const neighbours: [string, () => Mmap, string][] = [
      ['another file', () => map({ file: temporaryFile(4 * page), offset: page, ...at(second) }), 'BACKING'],
      ['a gap in the offsets', () => map({ file, offset: 2 * page, ...at(second) }), 'BACKING'],
      ['the same offset again', () => map({ file, ...at(second) }), 'BACKING'],
      ['no file', () => map(at(second)), 'BACKING'],
      ['shared', () => map({ file, shared: true, offset: page, ...at(second) }), 'ATTRIBUTE'],
      ['executable', () => map({ file, offset: page, ...at(second) }).makeExec(), 'ATTRIBUTE'],
    ]
    for (const [name, make, kind] of neighbours) {
      using other = make()
      throwsUsage(() => one.merge(other), `ERR_VMAREA_${kind as 'BACKING' | 'ATTRIBUTE'}_MISMATCH`)
      assert.equal(one.size, page, name)
      assert.equal(other.size, page, name)
    }
    using good = map({ file, offset: page, ...at(second) })
    one.merge(good)
    assert.equal(one.bytes[page], page % 251)
  })

  test('D12: each reserving function gives addresses without access and its own class', () => {
    for (const [reserved, name] of [
      [reserveNone({ length: page }), 'ReservedNone'],
      [reserve({ length: page }), 'Reserved'],
      [reserveMut({ length: page }), 'ReservedMut'],
    ] as const) {
      assert.equal(reserved.constructor.name, name)
      assert.equal(areaAt(reserved.start)!.permissions, '---p')
      reserved.unmap()
    }
  })
})
