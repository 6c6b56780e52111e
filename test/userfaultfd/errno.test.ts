import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { thisProcess } from '#vmarea/index.js'
import { Machine } from '#vmarea/model.js'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { SEAL } from '#vmarea/vocabulary/seal.js'
import { UFFD } from '#vmarea/vocabulary/uffd.js'
import { UFFD_FEATURE } from '#vmarea/vocabulary/uffd-feature.js'
import { UsageError } from '#vmarea/vocabulary/usage-error.js'
import { vmErrorOf } from '../support/vm-error-of.js'
import { anonymous, fileMap, kernel, memfd, memory, page, resident, sharedAnonymous } from './memory.js'
import { peek } from './peek.js'
import { skipWithout } from './skip.js'

const skip = skipWithout('poison', 'move', 'wp_unpopulated')
const ones = new Uint8Array(16 * page).fill(1)

function code(call: () => unknown): string {
  return vmErrorOf(call).code
}

function usage(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error))
    return error.code
  }
  throw new assert.AssertionError({ message: 'it did not fail' })
}

test('creating: flags, the api call, unknown features', { skip }, () => {
  assert.equal(
    code(() => kernel.userfaultfds.userfaultfd(0x40)),
    'EINVAL',
  )
  const raw = kernel.userfaultfds.userfaultfd(UFFD.NONBLOCK | UFFD.CLOEXEC)
  assert.equal(
    code(() => raw.api(1n << 60n)),
    'EINVAL',
  )
  raw.api(0n)
  assert.equal(
    code(() => raw.api(0n)),
    'EINVAL',
  )
  raw.close()
  const lacking = vmErrorOf(() => bindUserfaultfd(() => kernel).create({ features: ['poison', 1n << 55n] }))
  assert.equal(lacking.code, 'EINVAL')
  assert.match(lacking.message, /has no bits 0x80000000000000; it has pagefault_flag_wp/)
  assert.equal(
    usage(() => bindUserfaultfd(() => kernel).create({ features: ['posion' as 'poison'] })),
    'ERR_VMAREA_INVALID_ARGUMENT',
  )
  using optional = bindUserfaultfd(() => kernel).create({ optionalFeatures: ['poison', 1n << 55n] })
  assert.deepEqual([...optional.features], ['poison'])
  using asynchronous = bindUserfaultfd(() => kernel).create({ features: ['wp_async', 'pagefault_flag_wp'] })
  assert.equal(asynchronous.features.bits & UFFD_FEATURE.WP_ASYNC, UFFD_FEATURE.WP_ASYNC)
})

test('register: what may be registered and what not', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  const area = anonymous(8)
  assert.equal(
    code(() => uffd.register(area.start, area.length, [])),
    'EINVAL',
    'no mode',
  )
  assert.equal(
    code(() => uffd.register(area.start, area.length, 64)),
    'EINVAL',
    'a mode that is not known',
  )
  assert.equal(
    usage(() => uffd.register(area.start, area.length, ['mising' as 'missing'])),
    'ERR_VMAREA_INVALID_ARGUMENT',
  )
  assert.match(
    vmErrorOf(() => uffd.register(area.start + 1n, page)).message,
    new RegExp(`not a multiple of the page size, ${page}`),
  )
  assert.match(vmErrorOf(() => uffd.register(area.start, page + 1)).message, /length is not a multiple/)
  assert.match(vmErrorOf(() => uffd.register(area.start, 0)).message, /the range is empty/)
  assert.equal(
    code(() => uffd.register(area.start, area.length, 'minor')),
    'EINVAL',
    'minor faults of anonymous memory',
  )

  using other = bindUserfaultfd(() => kernel).create()
  uffd.register(area.start, 4 * page)
  assert.match(vmErrorOf(() => other.register(area.start, area.length)).message, /EBUSY.*another userfaultfd/)
  assert.equal(
    code(() => other.unregister(area.start, page)),
    'EINVAL',
    'a stranger unregisters',
  )
  uffd.register(area.start, area.length)
  uffd.unregister(area.start, area.length)
  other.register(area.start, area.length)
  other.unregister(area.start, area.length)

  area.unmap()
  assert.equal(
    code(() => uffd.register(area.start, area.length)),
    'EINVAL',
    'nothing is mapped',
  )
  const readOnly = anonymous(2, PROT.READ)
  assert.ok(uffd.register(readOnly.start, readOnly.length).has('copy'))
  readOnly.unmap()
})

test('register: a shared area that may never be written', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  const file = memfd(2)
  kernel.files.addSeals(file.descriptor, SEAL.FUTURE_WRITE)
  const length = 2 * page
  const area = memory(kernel.calls.mmap(0n, length, PROT.READ, MAP.SHARED, file.descriptor, 0), length)
  assert.match(vmErrorOf(() => uffd.register(area.start, length)).message, /EPERM.*never be written/)
  area.unmap()
  file.close()
})

test('copy: every reason to stop', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  const area = anonymous(16)
  assert.match(vmErrorOf(() => uffd.copy(area.start, page, ones)).message, /ENOENT.*not, in one piece, registered/)
  uffd.register(area.start, 8 * page)
  assert.equal(uffd.copy(area.at(3), page, ones), page)
  const partial = vmErrorOf(() => uffd.copy(area.start, 8 * page, ones))
  assert.deepEqual([partial.code, partial.done], ['EEXIST', 3 * page], 'the kernel said EAGAIN, the reason is EEXIST')
  assert.ok(partial.message.includes((area.start + 3n * BigInt(page)).toString(16)), partial.message)
  const first = vmErrorOf(() => uffd.copy(area.start, page, ones))
  assert.deepEqual([first.code, first.done], ['EEXIST', 0])
  const beyond = vmErrorOf(() => uffd.copy(area.at(7), 2 * page, ones))
  assert.deepEqual([beyond.code, beyond.done], ['ENOENT', 0], 'it runs past what is registered')
  assert.deepEqual(resident(area).slice(0, 9), [true, true, true, true, false, false, false, false, false])
  for (const [address, length] of [
    [area.start + 1n, page],
    [area.at(4), page + 1],
    [area.at(4), 0],
  ] as const) {
    assert.equal(
      code(() => uffd.copy(address, length, ones)),
      'EINVAL',
    )
  }
  assert.equal(
    code(() => uffd.copy(area.at(4), page, ones, { writeProtect: true })),
    'EINVAL',
    'not registered for wp',
  )
  assert.equal(
    code(() => uffd.copy(2n ** 64n - BigInt(page), page, ones)),
    'EINVAL',
    'no address of a program',
  )
  assert.equal(
    usage(() => uffd.copy(area.at(4), page, ones.subarray(0, page - 1))),
    'ERR_VMAREA_OUT_OF_RANGE',
  )
  assert.equal(
    usage(() => uffd.copy(area.at(4), page, new Uint8Array(0))),
    'ERR_VMAREA_OUT_OF_RANGE',
  )
  assert.equal(uffd.copy(Number(area.at(4)), page, ones), page, 'an address may be a number')
  assert.equal(uffd.copy(area.at(5), page, ones.subarray(1)), page, 'the source need not be aligned')
  uffd.unregister(area.start, 8 * page)
  area.unmap()
})

test('copy: memory that the handler itself has not got', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  const area = anonymous(4)
  uffd.register(area.start, area.length)
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-'))
  const path = join(folder, 'file')
  writeFileSync(path, new Uint8Array(2 * page))
  const view = kernel.regions.mapRegion(0n, 2 * page, PROT.READ, MAP.SHARED, kernel.files.open(path, 'read'), 0, page)
  const source = new Uint8Array(view.view(0, 2 * page))
  writeFileSync(path, new Uint8Array(page))
  const error = vmErrorOf(() => uffd.copy(area.start, 2 * page, source))
  assert.deepEqual([error.code, error.done], ['EFAULT', page])
  view.unmap()
  rmSync(folder, { recursive: true })

  const missing = kernel.regions.mapRegion(0n, page, PROT.READ | PROT.WRITE, MAP.PRIVATE | MAP.ANONYMOUS, -1, 0, page)
  uffd.register(missing.start, page)
  assert.equal(
    usage(() => uffd.copy(area.at(2), page, new Uint8Array(missing.view(0, page)))),
    'ERR_VMAREA_WOULD_DEADLOCK',
    'a source whose own fault only this thread could answer',
  )
  missing.unmap()
  area.unmap()
})

test('copy: past the end of a file in memory', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create({ features: ['missing_shmem'] })
  const file = memfd(2)
  const area = file.map(MAP.SHARED, 4)
  uffd.register(area.start, area.length)
  const error = vmErrorOf(() => uffd.copy(area.start, 4 * page, ones))
  assert.deepEqual([error.code, error.done], ['EFAULT', 2 * page])
  assert.equal(
    code(() => uffd.zero(area.at(2), page)),
    'EFAULT',
  )
  area.unmap()
  file.close()
})

test('zero: every reason to stop', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  const area = anonymous(8)
  assert.equal(
    code(() => uffd.zero(area.start, page)),
    'ENOENT',
  )
  uffd.register(area.start, area.length)
  uffd.copy(area.at(2), page, ones)
  const partial = vmErrorOf(() => uffd.zero(area.start, 8 * page))
  assert.deepEqual([partial.code, partial.done], ['EEXIST', 2 * page])
  assert.deepEqual(peek(area.start, 2 * page), new Uint8Array(2 * page))
  assert.equal(
    code(() => uffd.zero(area.start + 7n, page)),
    'EINVAL',
  )
  assert.equal(
    code(() => uffd.zero(area.start, 0)),
    'EINVAL',
  )
  assert.equal(uffd.zero(area.at(3), 5 * page), 5 * page)
  area.unmap()
})

test('continue: every reason to stop', { skip: skip || skipWithout('minor_shmem') }, () => {
  using uffd = bindUserfaultfd(() => kernel).create({ features: ['minor_shmem', 'missing_shmem'] })
  const file = memfd(4)
  const writer = file.map()
  const area = file.map()
  uffd.register(area.start, area.length, ['minor', 'missing'])
  assert.match(vmErrorOf(() => uffd.continue(area.start, page)).message, /EFAULT.*page cache has no page/)
  kernel.calls.madvise(writer.start, 2 * page, 23) // MADV_POPULATE_WRITE
  assert.equal(uffd.continue(area.start, page), page)
  const again = vmErrorOf(() => uffd.continue(area.start, 2 * page))
  assert.deepEqual([again.code, again.done], ['EEXIST', 0])
  assert.equal(uffd.continue(area.at(1), page, { wake: false }), page)
  const plain = anonymous(1)
  uffd.register(plain.start, page)
  assert.equal(
    code(() => uffd.continue(plain.start, page)),
    'EINVAL',
    'not of that kind',
  )
  plain.unmap()
  area.unmap()
  writer.unmap()
  file.close()
})

test('poison: present pages stay, and copy replaces the poison', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  const area = anonymous(4)
  uffd.register(area.start, area.length)
  uffd.copy(area.at(2), page, ones)
  const partial = vmErrorOf(() => uffd.poison(area.start, area.length))
  assert.deepEqual([partial.code, partial.done], ['EEXIST', 2 * page])
  assert.equal(peek(area.start).length, 0, 'a poisoned page can not be read')
  assert.equal(
    code(() => uffd.poison(area.start, page)),
    'EEXIST',
  )
  assert.equal(uffd.copy(area.start, page, ones), page)
  assert.deepEqual([...peek(area.start)], [1])
  area.unmap()
})

test('writeProtect: every reason to stop', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create({ features: ['wp_unpopulated', 'pagefault_flag_wp'] })
  const area = anonymous(4)
  uffd.register(area.start, area.length)
  assert.match(vmErrorOf(() => uffd.writeProtect(area.start, page)).message, /ENOENT.*registered for wp/)
  uffd.register(area.start, area.length, ['missing', 'wp'])
  assert.equal(uffd.writeProtect(area.start, area.length), area.length)
  assert.equal(uffd.writeProtect(area.start, area.length, false), area.length)
  assert.equal(
    code(() => uffd.writeProtect(area.start + 1n, page)),
    'EINVAL',
  )
  const raw = kernel.userfaultfds.adoptUserfaultfd(uffd.tryClone().intoRawDescriptor())
  assert.equal(raw.writeprotect(area.start, page, 3), -22, 'protect and do-not-wake exclude each other')
  raw.close()
  assert.equal(uffd.copy(area.start, page, ones, { writeProtect: true }), page)
  area.unmap()
})

test('move: every reason to stop', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  const source = anonymous(4)
  const target = anonymous(4)
  uffd.register(source.start, source.length)
  uffd.copy(source.start, 3 * page, ones)
  assert.match(
    vmErrorOf(() => uffd.move(target.start, source.start, page, { foreign: true })).message,
    /EINVAL|ENOENT/,
    'no one registered the target',
  )
  uffd.register(target.start, target.length)
  const hole = vmErrorOf(() => uffd.move(target.start, source.start, 4 * page, { foreign: true }))
  assert.deepEqual([hole.code, hole.done], ['ENOENT', 3 * page])
  assert.deepEqual(resident(source), [false, false, false, false])
  assert.deepEqual([...peek(target.at(2))], [1])
  assert.equal(uffd.move(target.at(3), source.at(3), page, { allowSourceHoles: true, foreign: true }), page)
  uffd.copy(source.start, page, ones)
  const there = vmErrorOf(() => uffd.move(target.start, source.start, page, { foreign: true }))
  assert.match(there.message, /EEXIST.*at the destination/)
  kernel.calls.mprotect(target.start, target.length, PROT.READ)
  assert.equal(
    code(() => uffd.move(target.at(3), source.start, page, { foreign: true })),
    'EINVAL',
    'protections differ',
  )
  const shared = sharedAnonymous(1)
  uffd.register(shared.start, page)
  assert.equal(
    code(() => uffd.move(shared.start, source.start, page, { foreign: true })),
    'EINVAL',
    'shared memory',
  )
  for (const area of [source, target, shared]) area.unmap()
})

test('wake and unregister', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  const area = anonymous(2)
  assert.equal(
    code(() => uffd.wake(area.start, 0)),
    'EINVAL',
  )
  assert.equal(uffd.wake(area.start, page), page, 'nobody need be registered there')
  uffd.register(area.start, area.length)
  uffd.unregister(area.start, page)
  assert.equal(
    code(() => uffd.copy(area.start, page, ones)),
    'ENOENT',
  )
  assert.equal(uffd.copy(area.at(1), page, ones), page)
  area.unmap()
})

test('a closed userfaultfd, one that was handed out, and a descriptor of another kind', { skip }, () => {
  const uffd = bindUserfaultfd(() => kernel).create()
  const area = anonymous(1)
  uffd.register(area.start, page)
  const clone = uffd.tryClone()
  uffd.close()
  uffd.close()
  for (const call of [
    () => uffd.copy(area.start, page, ones),
    () => uffd.zero(area.start, page),
    () => uffd.wake(area.start, page),
    () => uffd.register(area.start, page),
    () => uffd.readEvent(),
    () => uffd.tryClone(),
  ]) {
    assert.equal(code(call), 'EBADF')
  }
  const descriptor = clone.intoRawDescriptor()
  for (const call of [
    () => clone.copy(area.start, page, ones),
    () => clone.register(area.start, page),
    () => clone.readEvent(),
    () => clone.intoRawDescriptor(),
  ]) {
    assert.equal(usage(call), 'ERR_VMAREA_MOVED')
  }
  clone.close()
  const adopted = bindUserfaultfd(() => kernel).fromRawDescriptor(descriptor)
  assert.equal(adopted.copy(area.start, page, ones), page)
  assert.equal(
    usage(() => bindUserfaultfd(() => kernel).fromRawDescriptor(descriptor)),
    'ERR_VMAREA_INVALID_ARGUMENT',
    'taken already',
  )
  adopted.close()
  assert.match(
    vmErrorOf(() => bindUserfaultfd(() => kernel).fromRawDescriptor(1)).message,
    /descriptor 1 is .*, not a userfaultfd/,
  )
  assert.equal(
    code(() => bindUserfaultfd(() => kernel).fromRawDescriptor(99_999)),
    'EBADF',
  )
  assert.equal(
    usage(() => bindUserfaultfd(() => kernel).fromRawDescriptor(-1)),
    'ERR_VMAREA_INVALID_ARGUMENT',
  )
  area.unmap()
})

test('a descriptor that waits is refused where it would be polled', { skip }, async () => {
  const raw = kernel.userfaultfds.userfaultfd(UFFD.CLOEXEC)
  raw.api(0n)
  const uffd = bindUserfaultfd(() => kernel).fromRawDescriptor(raw.intoDescriptor())
  assert.equal(
    usage(() => uffd.readEvent()),
    'ERR_VMAREA_WOULD_BLOCK',
  )
  await assert.rejects(
    async () => {
      for await (const _ of uffd.events());
    },
    { code: 'ERR_VMAREA_WOULD_BLOCK' },
  )
  const fixed = bindUserfaultfd(() => kernel).fromRawDescriptor(uffd.intoRawDescriptor(), { setNonblocking: true })
  assert.equal(fixed.readEvent(), undefined)
  fixed.close()
})

test('written() says what the range must be registered for', { skip: skip || skipWithout('wp_async') }, () => {
  const { start } = anonymous(1)
  using uffd = bindUserfaultfd(() => kernel).create()
  uffd.register(start, page, 'wp')
  assert.throws(() => uffd.written(start, page), { code: 'EPERM', message: /registered for wp .* wp_async/ })
})

test('written() with reset that meets other memory loses no write before it', {
  skip: skip || skipWithout('wp_async'),
}, () => {
  const processes = [thisProcess(), new Machine().spawn()]
  for (const process of processes) {
    const memory = process.mapMut({ length: 4 * page })
    const uffd = bindUserfaultfd(() => process.kernel).create({ features: ['wp_async'] })
    memory.write(0, new Uint8Array(4 * page))
    uffd.register(memory.start, 2 * page, 'wp')
    uffd.writeProtect(memory.start, 2 * page)
    memory.write(page, new Uint8Array([1]))
    const runs = [{ start: memory.start + BigInt(page), end: memory.start + BigInt(2 * page) }]
    assert.throws(() => uffd.written(memory.start, 4 * page, { reset: true }), { code: 'EPERM' })
    assert.deepEqual(uffd.written(memory.start, 2 * page, { reset: true }), runs)
    assert.deepEqual(uffd.written(memory.start, 2 * page), [])
    uffd.close()
    memory.unmap()
  }
})

test('wp_async takes a file map, and returns what was written', { skip: skip || skipWithout('wp_async') }, () => {
  using uffd = bindUserfaultfd(() => kernel).create({ features: ['wp_async'] })
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-'))
  writeFileSync(join(folder, 'file'), new Uint8Array(8 * page))
  for (const flags of [MAP.PRIVATE, MAP.SHARED]) {
    const area = fileMap(join(folder, 'file'), 8, PROT.READ | PROT.WRITE, flags)
    kernel.calls.madvise(area.start, area.length, 22) // MADV_POPULATE_READ
    uffd.register(area.start, area.length, 'wp')
    uffd.writeProtect(area.start, area.length)
    assert.deepEqual(uffd.written(area.start, area.length), [])
    for (const [address, length] of [
      [Number(area.start), area.length],
      [undefined, area.length],
      [area.start, -1],
      [area.start, 0.5],
      [area.start, Number.NaN],
      [area.start, new ArrayBuffer(8)],
      [area.start, 4096n],
    ])
      assert.throws(() => uffd.written(address as bigint, length as number), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
    kernel.calls.madvise(area.at(2), 2 * page, 23)
    kernel.calls.madvise(area.at(6), page, 23)
    const runs = [
      { start: area.at(2), end: area.at(4) },
      { start: area.at(6), end: area.at(7) },
    ]
    assert.deepEqual(uffd.written(area.start, area.length), runs)
    assert.deepEqual(uffd.written(area.start, area.length, { reset: true }), runs)
    assert.deepEqual(uffd.written(area.start, area.length), [])
    area.unmap()
  }
  rmSync(folder, { recursive: true })
})
