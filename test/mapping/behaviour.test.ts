// What options and methods do to memory that is as it should be, looked at from outside.
import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  promises,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import {
  type ChangeMessage,
  type MmapMut,
  map,
  mapExec,
  mapExecMut,
  mapMut,
  mapNone,
  memfd,
  pageSize,
  pageSizes,
  reserveExecMut,
  reserveMut,
} from '#vmarea/index.js'
import { areaAt, areasIn } from '../support/memory-areas.js'
import { raiseHugePages } from '../support/raise-huge-pages.js'
import { pattern, temporaryFile } from '../support/temporary-folder.js'
import { isFault, isUsage, isVm, throwsUsage, throwsVm } from '../support/throws.js'
import { userModeLinux } from '../support/user-mode-linux.js'

const page = pageSize()

/** The two-letter flags of the area at an address. */
function flagsAt(address: bigint): string[] {
  const text = readFileSync('/proc/self/smaps', 'latin1')
  const area = areaAt(address)!
  const from = text.indexOf(`${area.start.toString(16).padStart(8, '0')}-`)
  return /VmFlags: (.*)/.exec(text.slice(from))![1]!.trim().split(' ')
}

describe('a file', () => {
  const file = temporaryFile(3 * page + 100)
  const bytes = pattern(3 * page + 100)

  test('is mapped whole by default, to its last byte', () => {
    using mapping = map({ file })
    assert.equal(mapping.size, 3 * page + 100)
    assert.equal(mapping.end - mapping.start, BigInt(mapping.size))
    assert.equal(Buffer.compare(mapping.bytes, bytes), 0)
  })

  test('is mapped from any byte on, for any length', () => {
    for (const offset of [0, 1, 7, 8, 15, 16, 17, page - 1, page, page + 1, 2 * page + 99]) {
      for (const length of [1, 8, page - 1, page, page + 1, undefined]) {
        const options = length === undefined ? { file, offset } : { file, offset, length }
        using mapping = map(options)
        const expected = bytes.subarray(offset, length === undefined ? undefined : offset + length)
        assert.equal(mapping.size, length ?? bytes.length - offset)
        assert.equal(mapping.start % BigInt(page), BigInt(offset % page))
        const there = Math.min(mapping.size, expected.length)
        assert.equal(Buffer.compare(mapping.bytes.subarray(0, there), expected.subarray(0, there)), 0)
        assert.equal(mapping.view(there - 1, 1)[0], expected[there - 1])
        assert.equal(mapping.read(0, new Uint8Array(1))[0], expected[0])
      }
    }
  })

  test('at an aligned offset gives bytes that wider typed arrays fit over', () => {
    using mapping = map({ file, offset: 8 })
    const view = mapping.bytes
    assert.equal(new Float64Array(view.buffer, view.byteOffset, 4).length, 4)
  })

  test('is found by a path, a URL, a descriptor, a FileHandle and a memory file', async () => {
    const descriptor = openSync(file, 'r')
    const handle = await promises.open(file)
    for (const source of [file, pathToFileURL(file), descriptor, handle]) {
      using mapping = map({ file: source })
      assert.equal(mapping.bytes[200], 200)
    }
    assert.equal(statSync(`/proc/self/fd/${descriptor}`).size, bytes.length, 'what was lent stays open')
    closeSync(descriptor)
    await handle.close()
    using memory = memfd('source', { size: page })
    using mapping = map({ file: memory })
    assert.equal(mapping.size, page)
  })

  test('may be mapped beyond its end, and has its new bytes there once it has grown', () => {
    const growing = temporaryFile(10)
    using mapping = map({ file: growing, length: 3 * page, shared: true })
    assert.equal(mapping.size, 3 * page)
    assert.throws(
      () => mapping.access((inside) => inside[page]),
      (error) => isFault(error, { offset: page, reason: 'past-end-of-file' }),
    )
    writeFileSync(growing, pattern(2 * page))
    assert.equal(
      mapping.access((inside) => inside[page + 1]),
      (page + 1) % 251,
    )
  })

  test('that is empty can be mapped with a length', () => {
    using mapping = map({ file: temporaryFile(0), length: 1 })
    assert.throws(
      () => mapping.read(0, new Uint8Array(1)),
      (error) => isFault(error, { reason: 'past-end-of-file' }),
    )
  })

  test('keeps its size when the mapping is resized', () => {
    const target = temporaryFile(page)
    using mapping = mapMut({ file: target, shared: true })
    mapping.resize(3 * page)
    assert.equal(statSync(target).size, page)
    mapping.resize(10)
    assert.equal(statSync(target).size, page)
    assert.equal(mapping.bytes[9], 9)
  })

  test('with an offset keeps it through resize', () => {
    using mapping = map({ file, offset: 100, length: page })
    mapping.resize(2 * page)
    assert.equal(Buffer.compare(mapping.bytes, bytes.subarray(100, 100 + 2 * page)), 0)
  })

  test('has an explanation when it was replaced or deleted meanwhile', () => {
    const target = temporaryFile(page)
    using mapping = map({ file: target })
    writeFileSync(`${target}.new`, 'x')
    truncateSync(target, 0)
    assert.throws(
      () => mapping.read(0, new Uint8Array(1)),
      (error) => isFault(error, { reason: 'past-end-of-file' }),
    )
  })

  test('mapped shared with writable: true can be made writable later', () => {
    const target = temporaryFile(page)
    using mapping = map({ file: target, shared: true, writable: true }).makeMut()
    mapping.bytes[0] = 77
    mapping.flushSync()
    assert.equal(readFileSync(target)[0], 77)
  })

  test('mapped private needs nothing to be made writable', () => {
    const descriptor = openSync(file, 'r')
    using mapping = map({ file: descriptor }).makeMut()
    mapping.bytes[0] = 77
    closeSync(descriptor)
    assert.equal(readFileSync(file)[0], 0)
  })

  test('is flushed in part, and flushAsync and flushSync take any range', async () => {
    const target = temporaryFile(4 * page)
    using mapping = mapMut({ file: target, shared: true })
    mapping.bytes.fill(1)
    await mapping.flush(page + 1, 10)
    mapping.flushSync(1, 1)
    mapping.flushAsync(0, 0)
    mapping.flushAsync()
    await mapping.flush()
    assert.ok(readFileSync(target).every((byte) => byte === 1))
  })

  test('advice dontneed on a private map drops what was written, and shows the file again', () => {
    using mapping = mapMut({ file })
    mapping.bytes.fill(1)
    mapping.advise('dontneed', page, page)
    assert.equal(mapping.bytes[page + 3], (page + 3) % 251)
    assert.equal(mapping.bytes[0], 1)
  })
})

describe('a file of more than 4 GiB', () => {
  const GiB = 2 ** 30
  const file = temporaryFile()
  const marks = [0, 4 * GiB - 1, 4 * GiB, 5 * GiB + 3, 6 * GiB - 1]
  const descriptor = openSync(file, 'r+')
  ftruncateSync(descriptor, 6 * GiB)
  for (const [index, at] of marks.entries()) writeSync(descriptor, new Uint8Array([index + 1]), 0, 1, at)
  closeSync(descriptor)

  test('is reached through views, guarded copies and access, at every place', () => {
    using mapping = map({ file })
    assert.equal(mapping.size, 6 * GiB)
    for (const [index, at] of marks.entries()) {
      assert.equal(mapping.view(at, 1)[0], index + 1)
      assert.equal(mapping.read(at, new Uint8Array(1))[0], index + 1)
      assert.equal(
        mapping.access((bytes) => bytes[0], at, 1),
        index + 1,
      )
    }
    const edge = mapping.view(4 * GiB - 8, 16)
    assert.deepEqual([edge[7], edge[8]], [2, 3])
    assert.equal(new Float64Array(edge.buffer, edge.byteOffset, 2).length, 2)
    const views = [mapping.view(0, 1), mapping.view(5 * GiB, page)]
    mapping.unmap()
    assert.deepEqual(
      views.map(({ length }) => length),
      [0, 0],
    )
  })

  test('has bytes where one ArrayBuffer spans it, and an error that names view where none does', () => {
    using mapping = map({ file })
    const spans = new Float64Array(1).constructor && (process.versions.node.startsWith('20.') ? false : undefined)
    try {
      assert.equal(mapping.bytes[5 * GiB + 3], 4)
      assert.notEqual(spans, false)
    } catch (error) {
      isUsage(error, 'ERR_VMAREA_VIEW_TOO_LARGE', /view\(offset, length\)/)
    }
  })

  test('is mapped from an offset beyond 4 GiB, any byte', () => {
    using mapping = map({ file, offset: 5 * GiB + 3, length: 10 })
    assert.equal(mapping.bytes[0], 4)
    using tail = map({ file, offset: 4 * GiB - 1 })
    assert.equal(tail.bytes[1], 3)
  })

  test('a fault far behind has its exact offset', () => {
    const cut = temporaryFile()
    truncateSync(cut, 6 * GiB)
    using mapping = map({ file: cut })
    truncateSync(cut, 5 * GiB)
    for (const at of [5 * GiB, 6 * GiB - 1]) {
      assert.throws(
        () => mapping.access((bytes) => bytes[0], at, 1),
        (error) => isFault(error, { offset: at, reason: 'past-end-of-file' }),
      )
    }
    assert.equal(mapping.faults, 2)
  })

  test('a reservation of a terabyte commits pages anywhere', { skip: userModeLinux }, () => {
    using reserved = reserveMut({ length: 2 ** 40 })
    for (const at of [0, 2 ** 33, 2 ** 40 - page]) {
      reserved.commit(at, page)
      reserved.view(at, page).fill(1)
    }
    assert.equal(reserved.view(2 ** 33, page)[5], 1)
    reserved.decommit(2 ** 33, page)
    throwsUsage(() => reserved.view(2 ** 33, 1), 'ERR_VMAREA_NOT_COMMITTED')
    assert.equal(reserved.view(2 ** 40 - page, page)[0], 1)
    const tail = reserved.splitOff(2 ** 39)
    assert.equal(tail.view(2 ** 39 - page, 1)[0], 1)
    reserved.merge(tail)
    assert.equal(reserved.size, 2 ** 40)
    assert.equal(reserved.view(2 ** 40 - page, page)[0], 1)
  })
})

describe('options', () => {
  test('an address that is free is taken, as a hint or fixed', { skip: userModeLinux }, () => {
    const address = 0x2345_6789_0000n
    for (const fixed of [undefined, 'noreplace', 'replace'] as const) {
      using mapping = mapMut({ length: page, address, ...(fixed === undefined ? {} : { fixed }) })
      assert.equal(mapping.start, address)
    }
  })

  test('a hint that is in use gives another place', () => {
    using one = mapMut({ length: page })
    using other = mapMut({ length: page, address: one.start })
    assert.notEqual(other.start, one.start)
  })

  test('a mapping at address 0 is read and written, and has no buffer', (context) => {
    let memory: MmapMut
    try {
      memory = mapMut({ length: 2 * page, address: 0n, fixed: 'noreplace' })
    } catch (error) {
      assert.equal((error as { code: string }).code, 'EPERM')
      return context.skip('this user may not map address 0 (vm.mmap_min_addr)')
    }
    using _ = memory
    memory.write(3, new Uint8Array([7]))
    assert.deepEqual([...memory.read(2, new Uint8Array(2))], [0, 7])
    throwsUsage(() => memory.bytes, 'ERR_VMAREA_NO_VIEW', /address 0/)
    throwsUsage(() => memory.view(0, 1), 'ERR_VMAREA_NO_VIEW', /address 0/)
    throwsUsage(() => memory.access(() => {}), 'ERR_VMAREA_NO_VIEW', /address 0/)
    assert.equal(memory.fault, undefined)
  })

  test('a fixed address with an offset within a page has its first byte behind it', { skip: userModeLinux }, () => {
    using mapping = map({ file: temporaryFile(2 * page), offset: 10, address: 0x2345_6789_0000n, fixed: 'noreplace' })
    assert.equal(mapping.start, 0x2345_6789_000an)
    assert.equal(mapping.bytes[0], 10)
  })

  test('populate, advice, noCoreDump, locked, stack and noReserve reach the kernel', () => {
    const cases: [object, string][] = [
      [{ advice: 'sequential' }, 'sr'],
      [{ advice: ['random', 'dontfork'] }, 'rr'],
      [{ advice: ['random', 'dontfork'] }, 'dc'],
      [{ noCoreDump: true }, 'dd'],
      [{ locked: true }, 'lo'],
      [{ noReserve: true }, 'nr'],
      ...(existsSync('/sys/kernel/mm/transparent_hugepage')
        ? [[{ advice: 'hugepage' }, 'hg'] as [object, string]]
        : []),
    ]
    for (const [options, flag] of cases) {
      using mapping = mapMut({ length: 64 * page, ...options })
      assert.ok(flagsAt(mapping.start).includes(flag), `${JSON.stringify(options)}: ${flagsAt(mapping.start)}`)
    }
    using populated = mapMut({ length: 8 * page, populate: true, stack: true })
    assert.ok(populated.resident().every((resident) => resident === 1))
  })

  test('executable memory is executable, and writable as well only with jit', () => {
    using executable = mapExec({ length: page })
    assert.equal(areaAt(executable.start)!.permissions, 'r-xp')
    using both = mapExecMut({ length: page, jit: true })
    assert.equal(areaAt(both.start)!.permissions, 'rwxp')
    both.bytes[0] = 0xc3
    using fixed = both.makeExec()
    assert.equal(areaAt(fixed.start)!.permissions, 'r-xp')
    assert.equal(fixed.bytes[0], 0xc3)
    using reserved = reserveExecMut({ length: 2 * page, jit: true })
    reserved.commit(0, page)
    assert.deepEqual(
      areasIn(reserved.start, reserved.end).map(({ permissions }) => permissions),
      ['rwxp', '---p'],
    )
  })

  test('shared anonymous memory is shared, private is not', () => {
    using shared = mapMut({ length: page, shared: true })
    assert.equal(areaAt(shared.start)!.permissions, 'rw-s')
  })
})

describe('pages', () => {
  test('populate makes a range resident, and advice pageout or dontneed takes it away', async () => {
    using mapping = mapMut({ length: 8 * page })
    assert.deepEqual([...mapping.resident()], [0, 0, 0, 0, 0, 0, 0, 0])
    await mapping.populate(page + 1, page)
    assert.deepEqual([...mapping.resident()], [0, 1, 1, 0, 0, 0, 0, 0])
    assert.deepEqual([...mapping.resident(2 * page, page)], [1])
    assert.deepEqual([...mapping.resident(2 * page - 1, 2)], [1, 1])
    assert.deepEqual([...mapping.resident(0, 0)], [])
    mapping.advise('dontneed', page, page)
    assert.deepEqual([...mapping.resident()], [0, 0, 1, 0, 0, 0, 0, 0])
    mapping.bytes[0] = 1
    mapping.advise('dontneed')
    assert.equal(mapping.bytes[0], 0)
  })

  test('populate over the end of a file rejects, and names why', async () => {
    using mapping = map({ file: temporaryFile(page), length: 4 * page })
    await assert.rejects(mapping.populate(), (error) => isVm(error, 'EFAULT', /file ends before/))
    await mapping.populate(0, page)
  })

  test('a mapping whose parts were locked apart shrinks, and grows again when they are alike', () => {
    using mapping = mapMut({ length: 4 * page })
    mapping.bytes.fill(3)
    mapping.lock(0, page)
    const { bytes } = mapping
    throwsVm(() => mapping.resize(8 * page), 'EFAULT', /locked or advised differently/)
    assert.equal(bytes.length, 4 * page, 'the views live')
    mapping.resize(3 * page)
    mapping.unlock()
    mapping.resize(64 * page)
    assert.deepEqual([mapping.bytes[0], mapping.bytes[3 * page - 1], mapping.bytes[3 * page]], [3, 3, 0])
  })

  test('memory without access can be neither populated nor locked', async () => {
    using none = mapNone({ length: page })
    await assert.rejects(none.populate(), (error) =>
      isVm(error, /ENOMEM|EFAULT|EINVAL/.exec((error as Error).message)![0]),
    )
    assert.throws(() => none.lock())
  })
})

describe('work in the background whose memory goes', () => {
  const gone = (error: unknown) => isUsage(error, 'ERR_VMAREA_UNMAPPED')
  const file = temporaryFile(64 * page)
  for (const name of ['flush', 'populate', 'readAsync', 'writeAsync'] as const) {
    test(`${name} rejects when it is unmapped meanwhile, and no call waits`, async () => {
      for (let round = 0; round < 20; round++) {
        const mapping = mapMut({ file })
        const target = new Uint8Array(64 * page)
        const work = name.endsWith('Async')
          ? mapping[name as 'readAsync'](0, target)
          : mapping[name as 'flush'](0, 64 * page)
        mapping.unmap()
        await assert.rejects(work as Promise<unknown>, gone)
      }
    })

    test(`${name} continues when the mapping is moved to another permission or split`, async () => {
      const mapping = mapMut({ file })
      const target = new Uint8Array(page)
      const work = name.endsWith('Async') ? mapping[name as 'readAsync'](0, target) : mapping[name as 'flush'](0, page)
      const rest = mapping.splitOff(32 * page)
      await work
      const other = name.endsWith('Async') ? mapping[name as 'readAsync'](0, target) : mapping[name as 'flush'](0, page)
      const heir = mapping.makeReadOnly()
      // The permission that the work finds is the one there is when it comes to its page.
      await (other as Promise<unknown>).catch((error) =>
        name === 'populate' ? isVm(error, 'EINVAL') : isFault(error, { access: 'write', reason: 'read-only' }),
      )
      heir.unmap()
      rest.unmap()
    })
  }

  test('a read whose target was transferred away meanwhile rejects', async () => {
    using mapping = map({ file })
    const target = new Uint8Array(page)
    const reading = mapping.readAsync(0, target)
    structuredClone(target.buffer, { transfer: [target.buffer] })
    await assert.rejects(reading)
  })

  test('many at once give each its own bytes', async () => {
    using mapping = map({ file })
    const reads = Array.from({ length: 64 }, (_, index) => mapping.readAsync(index * page, new Uint8Array(page)))
    for (const [index, bytes] of (await Promise.all(reads)).entries()) assert.equal(bytes[1], (index * page + 1) % 251)
  })

  test('writeAsync takes its bytes at once', async () => {
    using mapping = mapMut({ length: page })
    const source = new Uint8Array(page).fill(5)
    const writing = mapping.writeAsync(0, source)
    source.fill(9)
    await writing
    assert.ok(mapping.bytes.every((byte) => byte === 5))
  })
})

describe('huge pages', () => {
  const sizes = pageSizes().slice(1)
  const size = sizes[0] ?? 0
  const skip = raiseHugePages(6, size)

  test('hold, split, contain and resize in their own size', { skip }, () => {
    using mapping = mapMut({ length: 3 * size, hugePages: true })
    assert.ok(flagsAt(mapping.start).includes('ht'))
    assert.equal(mapping.start % BigInt(size), 0n)
    mapping.bytes.fill(1, 0, 10)
    mapping.bytes[size] = 2
    throwsUsage(() => mapping.splitOff(page), 'ERR_VMAREA_NOT_PAGE_ALIGNED', new RegExp(`${size}`))
    const rest = mapping.splitOff(size)
    assert.equal(rest.bytes[0], 2)
    using readOnly = rest.makeReadOnly()
    ;(readOnly.bytes as unknown as Uint8Array)[5] = 3
    assert.deepEqual([readOnly.bytes[5], readOnly.bytes[0]], [3, 2])
    isFault(readOnly.fault, { offset: 5, reason: 'read-only' })
    readOnly.restore()
    assert.equal(readOnly.bytes[0], 2)
    assert.equal(readOnly.bytes[5], 0)
    readOnly.unmap()

    using reserved = reserveMut({ length: 2 * size, hugePages: size })
    reserved.commit(0, size)
    reserved.view(0, 1)[0] = 4
    reserved.decommit(0, size)
    reserved.commit(0, size)
    assert.equal(reserved.view(0, 1)[0], 0)
    assert.ok(flagsAt(reserved.start).includes('ht'), 'still of huge pages')
    throwsUsage(() => reserved.commit(0, page), 'ERR_VMAREA_NOT_PAGE_ALIGNED')
    reserved.unmap()

    using file = memfd('huge', { size: 2 * size, hugePages: size })
    using shared = mapMut({ file, shared: true })
    shared.bytes[0] = 5
    const { start } = shared
    shared.unmap()
    assert.equal(areaAt(start)?.path.includes('memfd:huge') ?? false, false, 'all of it is unmapped')
    using part = map({ file, shared: true, length: page })
    assert.equal(part.bytes[0], 5)
  })

  test('go back to the pool with unmap, and not with the collection of what held them', { skip }, () => {
    // More rounds than the pool has pages: what one of them keeps, another lacks.
    const rounds = poolOfHugePages(size) + 1
    for (const shared of [false, true]) {
      const held: unknown[] = []
      for (let round = 0; round < rounds; round++) {
        const mapping = mapMut({ length: size, hugePages: size, shared })
        held.push(mapping, mapping.bytes)
        mapping.bytes[0] = 1
        assert.equal(mapping.fault, undefined)
        const readOnly = mapping.makeReadOnly()
        ;(readOnly.bytes as unknown as Uint8Array)[0] = 2
        isFault(readOnly.fault, { offset: 0, reason: 'read-only' })
        readOnly.restore()
        readOnly.unmap()
      }
    }
  })
})

/** How many pages the machine's pool may give out, those beyond its fixed size included. */
function poolOfHugePages(size: number): number {
  const folder = `/sys/kernel/mm/hugepages/hugepages-${size / 1024}kB`
  const read = (name: string) => Number(readFileSync(`${folder}/${name}`, 'latin1'))
  return read('nr_hugepages') + read('nr_overcommit_hugepages')
}

describe('telling', () => {
  test('every change is published, with the range', () => {
    const messages: ChangeMessage[] = []
    const changes = channel('vmarea:change')
    const listener = (message: unknown) => messages.push(message as ChangeMessage)
    changes.subscribe(listener)
    const mapping = mapMut({ length: 4 * page })
    const { start } = mapping
    const tail = mapping.splitOff(2 * page)
    mapping.merge(tail)
    const readOnly = mapping.makeReadOnly()
    readOnly.restore()
    readOnly.resize(2 * page)
    readOnly.unmap()
    const reserved = reserveMut({ length: page })
    reserved.commit()
    reserved.decommit()
    reserved.unmap()
    changes.unsubscribe(listener)
    assert.deepEqual(
      messages.map(({ change }) => change),
      ['map', 'split', 'merge', 'protect', 'restore', 'resize', 'unmap', 'map', 'commit', 'decommit', 'unmap'],
    )
    assert.deepEqual(messages[0], { change: 'map', start, end: start + BigInt(4 * page) })
    assert.deepEqual(messages[6], { change: 'unmap', start, end: start + BigInt(2 * page) })
  })

  test('a handle in words has its state, range, size, permission and what is behind it', () => {
    const file = temporaryFile(page)
    const mapping = map({ file, offset: 8 })
    const words = inspect(mapping)
    assert.match(words, /^Mmap \(0x[0-9a-f]+-0x[0-9a-f]+, 4088 bytes, r--, private, /)
    assert.ok(words.includes(file))
    assert.match(words, /at 8\)$/)
    const heir = mapping.makeNone()
    assert.match(String(mapping), /^Mmap \(moved\)$/)
    heir.unmap()
    assert.match(String(heir), /^MmapNone \(unmapped\)$/)
  })
})
