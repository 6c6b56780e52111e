// Faults that are contained in this very process: what is thrown, what is remembered, what is put back.
import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { type FaultMessage, MemoryFault, map, mapMut, mapNone, memfd, pageSize, reserveMut } from '#vmarea/index.js'
import { beforeLinux } from '../support/before-linux.js'
import { areasIn } from '../support/memory-areas.js'
import { pattern, temporaryFile } from '../support/temporary-folder.js'
import { isFault, throwsFault } from '../support/throws.js'

const page = pageSize()
const guards = { skip: beforeLinux('6.13', 'guard pages') }
const turns = async (count = 20) => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}
process.removeAllListeners('warning') // They are asked for, and not for the report.

/** A file of so many pages, mapped, and then cut to its first page. */
function truncated(pages = 4, kept = page) {
  const file = temporaryFile(pages * page)
  const mapping = map({ file })
  truncateSync(file, kept)
  return { file, mapping, restoreFile: () => truncateSync(file, pages * page) }
}

describe('access', () => {
  test('throws the first fault, with its address, offset, access and reason', () => {
    const { mapping } = truncated()
    throwsFault(() => mapping.access((bytes) => bytes[2 * page + 5]! + bytes[page]!), {
      address: mapping.start + BigInt(2 * page + 5),
      offset: 2 * page + 5,
      access: 'read',
      reason: 'past-end-of-file',
      code: 'ERR_VMAREA_FAULT',
    })
    mapping.unmap()
  })

  test('leaves nothing behind: neither a fault to restore, nor a page, nor an area', () => {
    const { mapping, restoreFile } = truncated()
    const before = areasIn(mapping.start, mapping.end)
    throwsFault(() => mapping.access((bytes) => bytes.reduce((sum, byte) => sum + byte, 0)), {})
    assert.equal(mapping.fault, undefined)
    assert.equal(mapping.faults, 3)
    assert.deepEqual(areasIn(mapping.start, mapping.end), before)
    restoreFile()
    assert.equal(
      mapping.access((bytes) => bytes[3 * page]),
      0,
    )
    assert.equal(mapping.bytes[1], 1)
    mapping.unmap()
  })

  test('the function continues with zeros, and what it throws is the cause', () => {
    const { mapping } = truncated()
    const error = new Error('mine')
    assert.throws(
      () =>
        mapping.access((bytes) => {
          assert.equal(bytes[page], 0)
          throw error
        }),
      (fault) => isFault(fault, { offset: page, cause: error }),
    )
    assert.throws(
      () =>
        mapping.access(() => {
          throw error
        }),
      error,
      'without a fault its own error comes through',
    )
    mapping.unmap()
  })

  test('reports a fault in another mapping, with the offset in that one', () => {
    const { mapping } = truncated()
    using good = mapMut({ length: page })
    const stranger = mapping.bytes
    throwsFault(() => good.access((bytes) => bytes[0]! + stranger[page + 9]!), {
      address: mapping.start + BigInt(page + 9),
      offset: page + 9,
      reason: 'past-end-of-file',
    })
    assert.equal(good.faults, 0)
    assert.equal(mapping.faults, 1)
    assert.equal(mapping.fault, undefined)
    mapping.unmap()
  })

  test('inside another: the inner one settles its own faults, the outer one continues', () => {
    const { mapping } = truncated()
    using other = mapMut({ length: page })
    const result = other.access((bytes) => {
      bytes[0] = 5
      assert.throws(() => mapping.access((inner) => inner[page]), MemoryFault)
      return bytes[0]
    })
    assert.equal(result, 5)
    assert.throws(
      () =>
        other.access(() => {
          const stranger = mapping.bytes[2 * page]
          assert.throws(
            () => mapping.access((inner) => inner[page]),
            (fault) => isFault(fault, { offset: 2 * page }),
            'nothing has answered the fault in this memory yet',
          )
          return stranger
        }),
      (fault) => isFault(fault, { offset: 2 * page }),
      'the outer one still tells its own',
    )
    mapping.unmap()
  })

  test('whose function unmaps the memory after a fault still throws the fault', () => {
    const { mapping } = truncated()
    throwsFault(
      () =>
        mapping.access((bytes) => {
          void bytes[page]
          mapping.unmap()
          return bytes[0]
        }),
      { access: 'read' },
    )
  })

  test('whose function splits, reads or changes the memory after a fault is refused there, and all is good afterwards', () => {
    const { mapping, restoreFile } = truncated()
    throwsFault(
      () =>
        mapping.access((bytes) => {
          void bytes[3 * page]
          const fault = { access: 'read', reason: 'past-end-of-file', offset: 3 * page } as const
          throwsFault(() => mapping.splitOff(2 * page), fault)
          throwsFault(() => mapping.read(0, new Uint8Array(8)), fault)
          throwsFault(() => mapping.makeNone(), fault)
          assert.ok(isFault(mapping.fault, fault))
        }),
      { access: 'read', reason: 'past-end-of-file' },
    )
    restoreFile()
    assert.equal(mapping.fault, undefined)
    assert.equal(mapping.bytes[5], 5)
    let heir: ReturnType<typeof mapping.makeNone> | undefined
    mapping.access(() => {
      heir = mapping.makeNone()
    })
    heir!.unmap()
  })

  test('with more faults than one page of the log holds', () => {
    const pages = 3000
    const { mapping } = truncated(pages)
    const backwards = (bytes: Uint8Array) => {
      let sum = 0
      for (let offset = bytes.length - page; offset > 0; offset -= page) sum += bytes[offset]!
      return sum
    }
    throwsFault(() => mapping.access(backwards), { offset: (pages - 1) * page })
    assert.equal(mapping.faults, pages - 1)
    assert.equal(mapping.fault, undefined)
    assert.equal(areasIn(mapping.start, mapping.end).length, 1)
    mapping.unmap()
  })
})

describe('reading on past the end of a file', {
  skip: beforeLinux('5.14', 'MADV_POPULATE_READ, which finds the run,'),
}, () => {
  const pages = 6000
  const inOrder = (bytes: Uint8Array) => {
    let sum = 0
    for (let offset = 0; offset < bytes.length; offset += page) sum += bytes[offset]!
    return sum
  }

  test('is a fault for a run of pages, and all of them come back', () => {
    const { file, mapping } = truncated(pages)
    const before = areasIn(mapping.start, mapping.end)
    throwsFault(() => mapping.access(inOrder), { offset: page, reason: 'past-end-of-file' })
    assert.ok(mapping.faults < pages / 4, `${mapping.faults} faults`)
    assert.deepEqual(areasIn(mapping.start, mapping.end), before)
    writeFileSync(file, pattern(pages * page))
    assert.equal(Buffer.compare(mapping.bytes, pattern(pages * page)), 0)
    mapping.unmap()
  })

  test('does not reach over a border of areas, and writes there change nothing', () => {
    const file = temporaryFile(pages * page)
    const mapping = mapMut({ file })
    mapping.advise('dontfork', 700 * page, 600 * page)
    truncateSync(file, page)
    const before = areasIn(mapping.start, mapping.end)
    assert.equal(before.length, 3)
    // Which page comes first is up to the C library: musl writes the last bytes before the others.
    throwsFault(() => mapping.access((bytes) => bytes.fill(9, page)), { access: 'write' })
    assert.ok(mapping.faults < pages / 2, `${mapping.faults} faults`)
    assert.deepEqual(areasIn(mapping.start, mapping.end), before)
    truncateSync(file, pages * page)
    assert.equal(Buffer.compare(mapping.bytes.subarray(page), new Uint8Array((pages - 1) * page)), 0)
    mapping.unmap()
  })
})

describe('guarded copies', () => {
  test('read throws at the first bad page, with all before it copied and nothing behind it', () => {
    const { mapping } = truncated(4, 2 * page)
    const target = new Uint8Array(3 * page).fill(0xaa)
    throwsFault(() => mapping.read(100, target), { offset: 2 * page, access: 'read', reason: 'past-end-of-file' })
    assert.deepEqual(target.subarray(0, 2 * page - 100), pattern(2 * page).subarray(100))
    assert.ok(target.subarray(2 * page - 100).every((byte) => byte === 0xaa))
    assert.equal(mapping.faults, 0, 'a guarded copy leaves no trace')
    assert.equal(mapping.fault, undefined)
    mapping.unmap()
  })

  test('write stops at a bad page, with all before it written and nothing behind it', guards, () => {
    using mapping = mapMut({ length: 4 * page })
    mapping.advise('guard_install', 2 * page, page)
    throwsFault(() => mapping.write(page, new Uint8Array(3 * page).fill(7)), { offset: 2 * page, access: 'write' })
    const target = new Uint8Array(page)
    assert.ok(mapping.read(0, target).every((byte) => byte === 0))
    assert.ok(mapping.read(page, target).every((byte) => byte === 7))
    assert.ok(mapping.read(3 * page, target).every((byte) => byte === 0))
    mapping.advise('guard_remove', 2 * page, page)
    assert.ok(mapping.bytes.subarray(2 * page, 3 * page).every((byte) => byte === 0))
  })

  test('a copy within one mapping that overlaps itself moves the bytes, in both directions', () => {
    for (const [from, to] of [
      [0, 100],
      [100, 0],
      [0, page + 1],
      [page + 1, 0],
    ] as const) {
      using mapping = mapMut({ length: 4 * page })
      mapping.bytes.set(pattern(4 * page))
      const expected = pattern(4 * page)
      expected.copyWithin(to, from, from + 2 * page)
      mapping.write(to, mapping.view(from, 2 * page))
      assert.deepEqual(Buffer.compare(mapping.bytes, expected), 0)
    }
  })

  test('a bad page on the other side of the copy is reported as that mapping’s', () => {
    const { mapping } = truncated()
    using good = mapMut({ length: 4 * page })
    throwsFault(() => good.write(0, mapping.bytes), {
      address: mapping.start + BigInt(page),
      offset: page,
      access: 'read',
      reason: 'past-end-of-file',
    })
    assert.equal(good.bytes[5], 5)
    assert.ok(good.bytes.subarray(page).every((byte) => byte === 0))
    using readOnly = map({ length: 4 * page })
    throwsFault(() => good.read(0, readOnly.bytes as unknown as Uint8Array), {
      address: readOnly.start,
      offset: 0,
      access: 'write',
      reason: 'read-only',
    })
    assert.equal(readOnly.faults, 0)
    mapping.unmap()
  })

  test('in the background likewise', async () => {
    const { mapping } = truncated()
    const target = new Uint8Array(2 * page).fill(0xaa)
    await assert.rejects(mapping.readAsync(0, target), (error) =>
      isFault(error, { offset: page, access: 'read', reason: 'past-end-of-file' }),
    )
    assert.deepEqual(target.subarray(0, page), pattern(page))
    assert.ok(target.subarray(page).every((byte) => byte === 0xaa))
    using good = mapMut({ length: 4 * page })
    await assert.rejects(good.writeAsync(0, mapping.bytes), (error) =>
      isFault(error, { address: mapping.start + BigInt(page), offset: page, access: 'read' }),
    )
    assert.ok(
      good.bytes.subarray(page).every((byte) => byte === 0),
      'no byte of anything else was written',
    )
    mapping.unmap()
  })

  test('write in the background stops at a bad page', guards, async () => {
    using mapping = mapMut({ length: 4 * page })
    mapping.advise('guard_install', page, page)
    await assert.rejects(mapping.writeAsync(page - 1, new Uint8Array(2)), (error) =>
      isFault(error, { offset: page, access: 'write' }),
    )
  })

  test('take typed arrays of every kind, DataViews, and shared ones', () => {
    using mapping = mapMut({ length: page })
    const kinds = [Uint8ClampedArray, Int16Array, Float32Array, Float64Array, BigInt64Array, DataView]
    for (const Kind of kinds) {
      const view = new (Kind as typeof Uint8ClampedArray)(new ArrayBuffer(64), 8, 4)
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).fill(0x5a)
      mapping.write(16, view)
      bytes.fill(0)
      assert.equal(mapping.read(16, view), view)
      assert.ok(bytes.every((byte) => byte === 0x5a))
      assert.equal(new Uint8Array(view.buffer)[7], 0)
      assert.equal(new Uint8Array(view.buffer)[8 + view.byteLength], 0)
    }
    const shared = new Uint8Array(new SharedArrayBuffer(32))
    mapping.read(16, shared)
    assert.equal(shared[0], 0x5a)
    mapping.write(0, shared)
    assert.equal(mapping.bytes[0], 0x5a)
  })
})

describe('bare access', () => {
  test('continues with zeros, is counted and remembered, and everything that hands on data throws until restore', async () => {
    const { mapping, restoreFile } = truncated()
    const { bytes } = mapping
    assert.equal(bytes[page + 3], 0)
    assert.equal(bytes[2 * page], 0)
    assert.equal(mapping.faults, 2)
    isFault(mapping.fault, { offset: page + 3, reason: 'past-end-of-file' })
    throwsFault(() => mapping.read(0, new Uint8Array(1)), { offset: page + 3 })
    await assert.rejects(mapping.flush(), (error) => isFault(error, { offset: page + 3 }))
    mapping.restore()
    assert.equal(mapping.fault, undefined)
    assert.equal(mapping.faults, 2, 'counts of all time')
    restoreFile()
    assert.equal(bytes[0], 0)
    assert.equal(bytes[1], 1, 'the views live on')
    assert.equal(
      mapping.access((all) => all[page]),
      0,
    )
    mapping.unmap()
  })

  test('a write to a read-only page is invisible to other mappings and undone by restore', () => {
    const file = temporaryFile(page)
    using mapping = map({ file, shared: true })
    const bytes = mapping.bytes as unknown as Uint8Array
    bytes[10] = 99
    assert.equal(bytes[10], 99, 'the one who wrote goes on with it')
    assert.equal(bytes[11], 11, 'and reads on what was there')
    isFault(mapping.fault, { offset: 10, access: 'write', reason: 'read-only' })
    assert.deepEqual(readFileSync(file), Buffer.from(pattern(page)))
    mapping.restore()
    assert.equal(bytes[10], 10)
  })

  test('private copies that were under a contained write come back with restore', () => {
    using writable = mapMut({ length: 2 * page })
    writable.bytes.fill(3)
    using mapping = writable.makeReadOnly()
    const bytes = mapping.bytes as unknown as Uint8Array
    bytes.fill(9)
    assert.equal(mapping.faults, 2)
    mapping.restore()
    assert.ok(bytes.every((byte) => byte === 3))
    using again = mapping.makeMut()
    again.bytes[0] = 1
    assert.equal(again.fault, undefined)
  })

  test('guard pages fault, and are guards again after restore', guards, () => {
    using mapping = mapMut({ length: 3 * page })
    const bytes = mapping.bytes
    bytes.fill(1)
    mapping.advise('guard_install', page, page)
    bytes[page] = 5
    isFault(mapping.fault, { offset: page, access: 'write', reason: 'no-access' })
    mapping.restore()
    void bytes[page + 1]
    isFault(mapping.fault, { offset: page + 1, access: 'read', reason: 'no-access' })
    mapping.restore()
    mapping.advise('guard_remove', page, page)
    assert.deepEqual([bytes[0], bytes[page], bytes[2 * page]], [1, 0, 1])
  })

  test('what is reserved and not committed faults, and can be committed afterwards', () => {
    using reserved = reserveMut({ length: 4 * page })
    reserved.commit(0, page)
    const whole = new Uint8Array(reserved.view(0, page).buffer)
    whole[page] = 1
    isFault(reserved.fault, { offset: page, access: 'write', reason: 'no-access' })
    reserved.restore()
    reserved.commit(page, page)
    assert.equal(reserved.view(page, 1)[0], 0)
    assert.equal(reserved.faults, 1)
  })

  test('a locked page and a huge number of faults come back as well', () => {
    using mapping = mapMut({ length: 64 * page })
    mapping.bytes.fill(4)
    mapping.lock(0, page)
    mapping.unlock(0, page)
    using readOnly = mapping.makeReadOnly()
    const bytes = readOnly.bytes as unknown as Uint8Array
    for (let index = 0; index < 64; index++) bytes[index * page] = 200
    assert.equal(readOnly.faults, 64)
    readOnly.restore()
    assert.ok(bytes.every((byte) => byte === 4))
    assert.equal(areasIn(readOnly.start, readOnly.end).length, 1)
  })

  test('in memory that is unmapped before the report has no offset', async () => {
    await turns()
    const messages: FaultMessage[] = []
    const onMessage = (message: unknown) => messages.push(message as FaultMessage)
    channel('vmarea:fault').subscribe(onMessage)
    const { mapping } = truncated()
    const address = mapping.start + BigInt(page)
    void mapping.bytes[page]
    mapping.unmap()
    await turns()
    channel('vmarea:fault').unsubscribe(onMessage)
    assert.deepEqual(
      messages.map(({ fault }) => [fault.address, fault.offset]),
      [[address, Number.NaN]],
    )
    assert.doesNotMatch(messages[0]!.fault.message, /offset/)
  })

  test('is reported at once: on the channel each time, by one process warning a mapping', async () => {
    await turns() // What the tests before this one did is told first.
    const messages: FaultMessage[] = []
    const warnings: Error[] = []
    const faults = channel('vmarea:fault')
    const onMessage = (message: unknown) => messages.push(message as FaultMessage)
    const onWarning = (warning: Error) => warnings.push(warning)
    faults.subscribe(onMessage)
    process.on('warning', onWarning)
    const one = truncated()
    const two = truncated()
    void one.mapping.bytes[page]
    void one.mapping.bytes[2 * page]
    void two.mapping.bytes[3 * page]
    assert.throws(() => two.mapping.access((bytes) => bytes[page]), MemoryFault)
    await turns()
    one.mapping.restore()
    void one.mapping.bytes[page]
    await turns()
    faults.unsubscribe(onMessage)
    process.off('warning', onWarning)
    assert.deepEqual(
      messages.map(({ fault }) => [fault.offset, fault.reason]),
      [
        [page, 'past-end-of-file'],
        [2 * page, 'past-end-of-file'],
        [3 * page, 'past-end-of-file'],
        [page, 'past-end-of-file'],
      ],
    )
    assert.ok(messages[0]!.mapping.includes(one.file))
    assert.deepEqual(
      warnings.map(({ name, message }) => [name, message.includes(one.file) || message.includes(two.file)]),
      [
        ['VmareaFault', true],
        ['VmareaFault', true],
      ],
    )
    one.mapping.unmap()
    two.mapping.unmap()
  })

  test('a mapping that was unmapped with its fault unanswered owes nothing', () => {
    const { mapping } = truncated()
    void mapping.bytes[page]
    mapping.unmap()
    using other = mapMut({ length: page })
    assert.equal(other.fault, undefined)
    other.write(0, new Uint8Array(1))
  })

  test('memory without access has nothing to touch it with, and guarded faults need a view', () => {
    using none = mapNone({ length: page })
    assert.equal('bytes' in none, false)
    assert.equal('read' in none, false)
  })
})

describe('faults in memory files', () => {
  test('a page past the end is one, a page inside is not, and growing the file heals it', () => {
    using file = memfd('cut', { size: 2 * page })
    using mapping = mapMut({ file, shared: true })
    mapping.bytes.fill(6)
    file.truncate(page + 1)
    assert.equal(
      mapping.access((bytes) => bytes[page]),
      6,
    )
    assert.equal(
      mapping.access((bytes) => bytes[page + 1]),
      0,
      'the rest of the last page is zero',
    )
    file.truncate(page)
    throwsFault(() => mapping.access((bytes) => bytes[page]), { offset: page, reason: 'past-end-of-file' })
    throwsFault(() => mapping.write(page, new Uint8Array(1)), {
      offset: page,
      access: 'write',
      reason: 'past-end-of-file',
    })
    file.truncate(2 * page)
    assert.equal(
      mapping.access((bytes) => bytes[page]),
      0,
    )
    assert.equal(mapping.bytes[0], 6)
  })
})

test('a copy on another thread does not read a cover instead of the covered page', async () => {
  for (const way of ['read', 'write'] as const) {
    using file = memfd('short', { size: page })
    using mapping = mapMut({ file, length: 2 * page, shared: true })
    const bytes = new Uint8Array(8).fill(7)
    let copied: Promise<unknown> = Promise.resolve()
    throwsFault(
      () =>
        mapping.access((memory) => {
          assert.equal(memory[page], 0) // covered from here to the end of the scope
          copied = way === 'read' ? mapping.readAsync(page, bytes) : mapping.writeAsync(page, bytes)
          copied.catch(() => {})
          const end = performance.now() + 30
          while (performance.now() < end);
        }),
      { reason: 'past-end-of-file' },
    )
    await assert.rejects(copied, (error) => isFault(error, { reason: 'past-end-of-file' }))
  }
})
