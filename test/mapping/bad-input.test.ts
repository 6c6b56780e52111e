import assert from 'node:assert/strict'

import { closeSync, openSync, rmSync } from 'node:fs'
import { describe, test } from 'node:test'
import {
  type MmapOptions,
  map,
  mapExecMut,
  mapMut,
  mapNone,
  memfd,
  pageSize,
  reserveExecMut,
  reserveMut,
} from '#vmarea/index.js'
import { mkfifoSync } from '../support/make-fifo.js'
import { temporaryFile, temporaryFolder } from '../support/temporary-folder.js'
import { isUsage, isVm, throwsUsage, throwsVm } from '../support/throws.js'
import { assertUnchanged } from '../support/unchanged.js'

const page = pageSize()

const refuses = (title: string, act: () => unknown, code: string, message: RegExp) =>
  test(title, () => {
    assertUnchanged(() =>
      code.startsWith('ERR_') ? throwsUsage(act, code as never, message) : throwsVm(act, code, message),
    )
  })

describe('a mapping that can not be', () => {
  const file = temporaryFile(2 * page)
  const empty = temporaryFile(0)
  const OUT = 'ERR_VMAREA_OUT_OF_RANGE'
  const INVALID = 'ERR_VMAREA_INVALID_ARGUMENT'

  for (const length of [0, -1, -page, 0.5, page + 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    refuses(`length ${length} is out of range`, () => map({ length }), OUT, new RegExp(`is ${length}`))
    refuses(`length ${length} of a file is out of range`, () => map({ file, length }), OUT, new RegExp(`is ${length}`))
  }
  refuses('a length that is no number', () => map({ length: '4096' as never }), OUT, /4096/)
  refuses('a bigint for a length', () => map({ length: 4096n as never }), OUT, /4096/)
  refuses('neither length nor file', () => map({}), INVALID, /length/)
  for (const offset of [-1, 0.5, Number.NaN, 2 ** 53]) {
    refuses(`offset ${offset} is out of range`, () => map({ file, offset }), OUT, new RegExp(`${offset}`))
  }
  refuses('an offset without a file', () => map({ length: page, offset: page }), INVALID, new RegExp(`${page}`))
  refuses('an offset past the end of the file', () => map({ file, offset: 2 * page + 1, length: 1 }), OUT, /8193.*8192/)
  refuses('an offset at the end of the file, with nothing left', () => map({ file, offset: 2 * page }), OUT, /8192/)
  refuses(
    'offset and length that leave the safe integers',
    () => map({ file, offset: 1, length: 2 ** 53 - 1 }),
    OUT,
    /add up/,
  )
  refuses('an empty file without a length', () => map({ file: empty }), OUT, /empty/)
  refuses('a directory', () => map({ file: temporaryFolder }), 'EISDIR', /vmarea-test/)
  refuses('a file that is not there', () => map({ file: `${file}-gone` }), 'ENOENT', /-gone/)
  refuses('a path through a file', () => map({ file: `${file}/x` }), 'ENOTDIR', /\/x/)
  refuses('a path with a zero in it', () => map({ file: 'a\0b' }), INVALID, /file/)
  refuses('an empty path', () => map({ file: '' }), 'ENOENT', /open/)
  for (const descriptor of [-1, 1.5, Number.NaN, 2 ** 32]) {
    refuses(
      `descriptor ${descriptor}`,
      () => map({ file: descriptor, length: 1 }),
      INVALID,
      new RegExp(`${descriptor}`),
    )
  }
  refuses('a descriptor that is not open', () => map({ file: 65_000 }), 'EBADF', /65000/)
  for (const file of [null, true, {}, Symbol('file'), { fd: '3' }]) {
    refuses(`file ${String(file)}`, () => map({ file: file as never }), INVALID, /file must be/)
  }
  refuses('a URL of the web', () => map({ file: new URL('https://example.com/x') }), INVALID, /https:/)
  refuses('a file URL with a host', () => map({ file: new URL('file://host/x') }), INVALID, /host/)
  refuses('a file URL with a coded slash', () => map({ file: new URL('file:///a%2Fb') }), INVALID, /%2F/i)
  test('a file that is open for writing only', () => {
    const descriptor = openSync(temporaryFile(page), 'a')
    throwsVm(() => map({ file: descriptor }), 'EACCES', new RegExp(`descriptor ${descriptor}.*writing only`))
    closeSync(descriptor)
  })
  test('a shared map for writing of a descriptor that is open for reading only', () => {
    const descriptor = openSync(file, 'r')
    throwsVm(() => mapMut({ file: descriptor, shared: true }), 'EACCES', /writ/)
    using reading = map({ file: descriptor, shared: true })
    throwsVm(() => reading.makeMut(), 'EACCES', /writable: true/)
    assert.equal(reading.bytes[1], 1)
    closeSync(descriptor)
  })
  test('a named pipe, without waiting for its other end', () => {
    const path = `${temporaryFolder}/pipe`
    mkfifoSync(path)
    throwsVm(() => map({ file: path, length: page }), 'ENODEV', /pipe/)
    rmSync(path)
  })
  test('a memory file that was closed', () => {
    const closed = memfd('closed', { size: page })
    closed[Symbol.dispose]()
    throwsUsage(() => map({ file: closed }), 'ERR_VMAREA_UNMAPPED', /closed/)
    closed[Symbol.dispose]()
  })
  refuses(
    'an address off a page',
    () => map({ length: page, address: 4097n }),
    'ERR_VMAREA_NOT_PAGE_ALIGNED',
    /4097|0x1001/,
  )
  for (const address of [-4096n, 1n << 64n, 4096, '0x1000']) {
    refuses(
      `address ${address} of the ${typeof address} kind`,
      () => map({ length: page, address: address as never }),
      INVALID,
      /address/,
    )
  }
  refuses('fixed without an address', () => map({ length: page, fixed: 'replace' }), INVALID, /address/)
  refuses('fixed: true', () => map({ length: page, address: 4096n, fixed: true as never }), INVALID, /fixed.*true/)
  refuses(
    'a file that is not on disk with advice that is not there',
    () => map({ file, advice: 'fast' as never }),
    INVALID,
    /fast/,
  )
  refuses('more bytes than there are addresses', () => map({ length: 2 ** 48 }), 'ENOMEM', /2\^47/)
  refuses(
    'writable and executable without jit',
    () => mapExecMut({ length: page }),
    'ERR_VMAREA_WRITABLE_AND_EXECUTABLE',
    /jit: true/,
  )
  refuses(
    'reserved writable and executable without jit',
    () => reserveExecMut({ length: page }),
    'ERR_VMAREA_WRITABLE_AND_EXECUTABLE',
    /jit/,
  )
  refuses(
    'a size of huge pages that is no number',
    () => map({ length: page, hugePages: '2M' as never }),
    INVALID,
    /2M/,
  )

  test("fixed: 'noreplace' over memory in use, whosever it is", () => {
    using mine = mapMut({ length: 3 * page })
    mine.bytes.fill(7)
    const { start } = mine
    assertUnchanged(() => {
      throwsVm(() => map({ length: page, address: start + BigInt(page), fixed: 'noreplace' }), 'EEXIST', /in use/)
    })
    assert.equal(mine.bytes[page], 7)
  })

  test("fixed: 'replace' over memory that the library holds", () => {
    using mine = mapMut({ length: 3 * page })
    mine.bytes.fill(7)
    const { start } = mine
    for (const place of [start - BigInt(page), start, start + BigInt(page), start + BigInt(2 * page)]) {
      assertUnchanged(() =>
        throwsUsage(
          () => map({ length: 2 * page, address: place, fixed: 'replace', foreign: true }),
          'ERR_VMAREA_RANGE_IN_USE',
          new RegExp(`0x${place.toString(16)}`),
        ),
      )
    }
    assert.ok(mine.bytes.every((byte) => byte === 7))
  })
})

describe('a range that does not lie in the mapping', () => {
  const mapping = mapMut({ length: 2 * page + 100 })
  const size = mapping.size
  const target = new Uint8Array(10)
  const ranges: readonly (readonly [offset: number, length: number])[] = [
    [-1, 1],
    [0, -1],
    [0, size + 1],
    [size, 1],
    [size + 1, 0],
    [0.5, 1],
    [0, 1.5],
    [Number.NaN, 1],
    [0, Number.NaN],
    [2 ** 53, 1],
    [1, 2 ** 53],
    [Number.POSITIVE_INFINITY, 0],
  ]
  const operations: Record<string, (offset: number, length: number) => unknown> = {
    view: (offset, length) => mapping.view(offset, length),
    access: (offset, length) => mapping.access(() => 0, offset, length),
    lock: (offset, length) => mapping.lock(offset, length),
    unlock: (offset, length) => mapping.unlock(offset, length),
    advise: (offset, length) => mapping.advise('normal', offset, length),
    resident: (offset, length) => mapping.resident(offset, length),
    flushSync: (offset, length) => mapping.flushSync(offset, length),
    flushAsync: (offset, length) => mapping.flushAsync(offset, length),
  }
  for (const [name, operate] of Object.entries(operations)) {
    test(`${name} refuses it, and names it`, () => {
      assertUnchanged(() => {
        for (const [offset, length] of ranges) {
          throwsUsage(() => operate(offset, length), 'ERR_VMAREA_OUT_OF_RANGE')
        }
        throwsUsage(() => operate(size, 1), 'ERR_VMAREA_OUT_OF_RANGE', new RegExp(`${size}`))
      })
    })
  }
  for (const name of ['flush', 'populate'] as const) {
    test(`${name} rejects it`, async () => {
      for (const [offset, length] of ranges) {
        await assert.rejects(mapping[name](offset, length), (error) => isUsage(error, 'ERR_VMAREA_OUT_OF_RANGE'))
      }
    })
  }
  test('read and write refuse it', () => {
    for (const offset of [-1, 0.5, size - 9, size, Number.NaN, 2 ** 53]) {
      throwsUsage(() => mapping.read(offset, target), 'ERR_VMAREA_OUT_OF_RANGE')
      throwsUsage(() => mapping.write(offset, target), 'ERR_VMAREA_OUT_OF_RANGE')
    }
    mapping.read(size - 10, target)
    mapping.read(size, new Uint8Array(0))
  })
  test('readAsync and writeAsync reject it', async () => {
    for (const offset of [-1, 0.5, size - 9]) {
      await assert.rejects(mapping.readAsync(offset, target), (error) => isUsage(error, 'ERR_VMAREA_OUT_OF_RANGE'))
      await assert.rejects(mapping.writeAsync(offset, target), (error) => isUsage(error, 'ERR_VMAREA_OUT_OF_RANGE'))
    }
  })
  test('read and write refuse what is no array of bytes', async () => {
    for (const wrong of [undefined, null, 'text', new ArrayBuffer(4), [1]]) {
      throwsUsage(() => mapping.read(0, wrong as never), 'ERR_VMAREA_INVALID_ARGUMENT')
      throwsUsage(() => mapping.write(0, wrong as never), 'ERR_VMAREA_INVALID_ARGUMENT')
      await assert.rejects(mapping.readAsync(0, wrong as never), (error) =>
        isUsage(error, 'ERR_VMAREA_INVALID_ARGUMENT'),
      )
      await assert.rejects(mapping.writeAsync(0, wrong as never), (error) =>
        isUsage(error, 'ERR_VMAREA_INVALID_ARGUMENT'),
      )
    }
  })
  test('a view of nothing at the end is an empty view', () => {
    assert.equal(mapping.view(size, 0).length, 0)
  })
  test('a view without a length reaches to the end, and without an offset begins at the first byte', () => {
    assert.equal(mapping.view().length, size)
    assert.equal(mapping.view(size - 3).length, 3)
    assert.equal(mapping.view(size - 3).byteOffset, mapping.bytes.byteOffset + size - 3)
    assert.equal(mapping.view(size).length, 0)
    throwsUsage(() => mapping.view(size + 1), 'ERR_VMAREA_OUT_OF_RANGE', new RegExp(`${size + 1}`))
    throwsUsage(() => mapping.view('0' as never), 'ERR_VMAREA_OUT_OF_RANGE', /offset .*'0'/)
  })
})

describe('a split, merge or resize that can not be', () => {
  test('a split at the ends, outside, or off a page', () => {
    using mapping = mapMut({ length: 3 * page })
    const bytes = mapping.bytes
    bytes[0] = 9
    assertUnchanged(() => {
      for (const split of [(at: number) => mapping.splitOff(at), (at: number) => mapping.splitTo(at)]) {
        for (const at of [0, -page, 3 * page, 4 * page, Number.NaN, 0.5, 2 ** 53]) {
          throwsUsage(() => split(at), 'ERR_VMAREA_OUT_OF_RANGE', new RegExp(`${at}`))
        }
        for (const at of [1, page - 1, page + 1]) {
          throwsUsage(() => split(at), 'ERR_VMAREA_NOT_PAGE_ALIGNED', new RegExp(`\\b${at}\\b`))
        }
      }
    })
    assert.equal(bytes[0], 9, 'the views live')
    assert.equal(mapping.size, 3 * page)
  })

  test('a split names the nearest place before, counted from the first byte', () => {
    using mapping = map({ file: temporaryFile(3 * page), offset: 100 })
    throwsUsage(() => mapping.splitOff(page), 'ERR_VMAREA_NOT_PAGE_ALIGNED', new RegExp(`\\b${page - 100}\\b`))
    using rest = mapping.splitOff(page - 100)
    assert.equal(rest.bytes[0], page % 251)
    assert.equal(rest.start % BigInt(page), 0n)
  })

  test('a merge with itself, with a stranger, with a moved or unmapped one', () => {
    using mapping = mapMut({ length: 2 * page })
    const bytes = mapping.bytes
    using stranger = mapMut({ length: page })
    const moved = mapMut({ length: page })
    using _new = moved.makeNone()
    const unmapped = mapMut({ length: page })
    unmapped.unmap()
    throwsUsage(() => mapping.merge(mapping), 'ERR_VMAREA_NOT_ADJACENT')
    throwsUsage(() => mapping.merge(stranger), 'ERR_VMAREA_NOT_ADJACENT', /0x/)
    throwsUsage(() => mapping.merge(moved), 'ERR_VMAREA_MOVED')
    throwsUsage(() => mapping.merge(unmapped), 'ERR_VMAREA_UNMAPPED')
    assert.equal(bytes.length, 2 * page, 'the views live')
    assert.equal(stranger.size, page)
  })

  test('a merge of a mapping that does not end on a page with what lies behind that page', () => {
    using mapping = mapMut({ length: 2 * page })
    using tail = mapping.splitOff(page)
    mapping.resize(page - 1)
    throwsUsage(() => mapping.merge(tail), 'ERR_VMAREA_NOT_ADJACENT')
    mapping.resize(page)
    mapping.merge(tail)
  })

  test('a resize to nothing, to a fraction, to more than there is', () => {
    using mapping = mapMut({ length: page })
    const bytes = mapping.bytes
    assertUnchanged(() => {
      for (const length of [0, -1, 0.5, Number.NaN, 2 ** 53]) {
        throwsUsage(() => mapping.resize(length), 'ERR_VMAREA_OUT_OF_RANGE', new RegExp(`${length}`))
      }
      throwsVm(() => mapping.resize(2 ** 46), 'ENOMEM', /overcommit|committed|longest free range/)
    })
    assert.equal(bytes.length, page, 'the views live')
  })
})

describe('other calls that can not be', () => {
  test('destructive advice requires whole pages, and nothing is lost without', () => {
    using mapping = mapMut({ length: 2 * page })
    mapping.bytes.fill(1)
    for (const advice of ['dontneed', 'free', 'remove', 'guard_install'] as const) {
      throwsUsage(() => mapping.advise(advice, 1, page), 'ERR_VMAREA_NOT_PAGE_ALIGNED', new RegExp(advice))
      throwsUsage(() => mapping.advise(advice, 0, 1), 'ERR_VMAREA_NOT_PAGE_ALIGNED', new RegExp(advice))
    }
    assert.ok(mapping.bytes.every((byte) => byte === 1))
    throwsUsage(() => mapping.advise('quickly' as never), 'ERR_VMAREA_INVALID_ARGUMENT', /quickly/)
  })

  test('commit and decommit require whole pages inside the reservation', () => {
    using reserved = reserveMut({ length: 4 * page })
    assertUnchanged(() => {
      for (const act of ['commit', 'decommit'] as const) {
        throwsUsage(() => reserved[act](1, page), 'ERR_VMAREA_NOT_PAGE_ALIGNED', /\b1\b/)
        throwsUsage(() => reserved[act](0, 1), 'ERR_VMAREA_NOT_PAGE_ALIGNED')
        throwsUsage(() => reserved[act](0, 5 * page), 'ERR_VMAREA_OUT_OF_RANGE')
        throwsUsage(() => reserved[act](-page, page), 'ERR_VMAREA_OUT_OF_RANGE')
      }
    })
  })

  test('what is not committed as a whole can be neither viewed nor copied nor locked', () => {
    using reserved = reserveMut({ length: 4 * page })
    reserved.commit(page, page)
    const one = new Uint8Array(1)
    for (const act of [
      () => reserved.bytes,
      () => reserved.view(0, page),
      () => reserved.view(page, page + 1),
      () => reserved.read(0, one),
      () => reserved.write(2 * page, one),
      () => reserved.access(() => 0),
      () => reserved.access(() => 0, page - 1, 2),
      () => reserved.lock(),
      () => reserved.advise('populate_write'),
    ]) {
      throwsUsage(act, 'ERR_VMAREA_NOT_COMMITTED')
    }
    assert.equal(reserved.view(page, page).length, page)
  })

  test('access takes a synchronous function', () => {
    using mapping = mapMut({ length: page })
    throwsUsage(() => mapping.access(async () => 1), 'ERR_VMAREA_ASYNC_ACCESS', /synchronous/)
    // biome-ignore lint/suspicious/noThenProperty: that is what is refused
    throwsUsage(() => mapping.access(() => ({ then() {} })), 'ERR_VMAREA_ASYNC_ACCESS')
    assert.equal(
      mapping.access(() => 5),
      5,
    )
    throwsUsage(
      () => mapping.access(undefined as never),
      'ERR_VMAREA_INVALID_ARGUMENT',
      /use of access must be a function/,
    )
    assert.equal(
      mapping.access((bytes) => bytes[0]),
      0,
    )
  })

  test('makeExecMut without jit leaves the handle good, and the views', () => {
    using mapping = mapMut({ length: page })
    const bytes = mapping.bytes
    assertUnchanged(() => throwsUsage(() => mapping.makeExecMut(), 'ERR_VMAREA_WRITABLE_AND_EXECUTABLE', /jit: true/))
    bytes[0] = 3
    assert.equal(mapping.bytes[0], 3)
  })

  for (const options of [undefined, null, 5, 'file']) {
    test(`options that are ${options}`, () => {
      throwsUsage(() => map(options as never), 'ERR_VMAREA_INVALID_ARGUMENT', new RegExp(`options .*${options}`))
    })
  }

  test('a memory file with a size, name or seal that can not be', () => {
    for (const size of [-1, 0.5, Number.NaN, 2 ** 53]) {
      throwsUsage(() => memfd('x', { size }), 'ERR_VMAREA_INVALID_ARGUMENT', new RegExp(`${size}`))
    }
    throwsUsage(() => memfd('x', { seals: ['tight' as never] }), 'ERR_VMAREA_INVALID_ARGUMENT', /tight/)
    throwsUsage(() => memfd('x', { hugePages: 3 }), 'ERR_VMAREA_INVALID_ARGUMENT', /\b3\b/)
    throwsUsage(() => memfd('x'.repeat(250)), 'ERR_VMAREA_INVALID_ARGUMENT', /249/)
    throwsUsage(() => memfd('a\0b'), 'ERR_VMAREA_INVALID_ARGUMENT', /name/)
    using file = memfd('x', { size: page })
    throwsUsage(() => file.truncate(-1), 'ERR_VMAREA_INVALID_ARGUMENT', /-1/)
    throwsVm(() => file.addSeals('grow'), 'EPERM', /seal/)
  })

  test('a failed mapping names the limit it ran into', () => {
    const options: MmapOptions = { length: 2 ** 44 }
    assert.throws(
      () => mapMut(options),
      (error) => isVm(error, 'ENOMEM', /overcommit_memory is 0|2\^47|committed/),
    )
    // Addresses alone are no charge.
    mapNone(options).unmap()
    reserveMut(options).unmap()
    mapMut({ ...options, noReserve: true }).unmap()
  })
})
