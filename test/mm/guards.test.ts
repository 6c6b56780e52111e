import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import {
  Mm,
  type MmapReadGuard,
  type MmWithUser,
  mapMut,
  pageSize,
  thisProcess,
  VM,
  VmaMixedMap,
  VmaRef,
} from '#vmarea/index.js'
import { beforeLinux } from '../support/before-linux.js'
import { placeApart } from '../support/place-apart.js'
import { until } from '../support/until.js'

const page = pageSize()

function user(): MmWithUser {
  return thisProcess().mm.mmgetNotZero()!
}

const RELEASED = { code: 'ERR_VMAREA_GUARD_RELEASED' }
const INVALID = { code: 'ERR_VMAREA_INVALID_ARGUMENT' }

test('a look-up under the guard finds the mapping, with the parts of a VmaRef', () => {
  // An area of its own: one that an allocator's memory has joined may change before its flags are read.
  using mapping = mapMut({ length: 2 * page, address: placeApart(2 * page) })
  using guard = user().mmapReadLock()
  const vma = guard.vmaLookup(mapping.start)!
  assert.ok(vma.start <= mapping.start && mapping.end <= vma.end)
  assert.equal(vma.flags & (VM.READ | VM.WRITE | VM.EXEC), VM.READ | VM.WRITE)
  assert.equal(vma.mm.pid, process.pid)
  assert.equal(vma.path, '')
  assert.equal(vma.deleted, false)
  assert.equal(vma.inode, 0n)
  assert.equal(vma.asMixedmapVma(), undefined)
  assert.equal(VmaRef.fromRaw(vma.asPtr(), vma.mm).start, vma.start)
  assert.throws(() => VmaMixedMap.fromRaw(vma.asPtr(), vma.mm), { code: 'ERR_VMAREA_NOT_MIXEDMAP' })
  assert.equal(guard.vmaLookup(0n), undefined)
})

test('every member of a reference throws after the release, and a second release does nothing', () => {
  const guard = user().mmapReadLock()
  const vma = [...guard][0]!
  guard.release()
  guard.release()
  guard[Symbol.dispose]()
  const members = Object.getOwnPropertyNames(VmaRef.prototype).filter((name) => name !== 'constructor')
  assert.ok(members.length > 15)
  for (const name of members) {
    const call = () => {
      const value = vma[name as keyof VmaRef] as unknown
      if (typeof value === 'function') value.call(vma, vma, 0)
    }
    assert.throws(call, name === 'zapPageRangeSingle' ? INVALID : RELEASED, name)
  }
  assert.throws(() => vma.zapPageRangeSingle(0n, page), RELEASED)
  assert.throws(() => guard.vmaLookup(0n), RELEASED)
  assert.throws(() => [...guard], RELEASED)
  assert.throws(() => [...guard.pages()], RELEASED)
  assert.equal(guard.held, false)
  // The lock is free again.
  mapMut({ length: page }).unmap()
})

test('an iteration ends with an error when its guard is released in the midst of it', () => {
  const guard = user().mmapReadLock()
  const seen: unknown[] = []
  assert.throws(() => {
    for (const vma of guard) {
      seen.push(vma)
      guard.release()
    }
  }, RELEASED)
  assert.equal(seen.length, 1)
})

test('a change by the thread that holds either kind of guard is EDEADLK, and works after the release', () => {
  const mapping = mapMut({ length: page })
  const guards = [
    () => user().mmapReadLock(),
    () => user().mmapReadTrylock()!,
    () => user().lockVmaUnderRcu(mapping.start)!,
  ]
  for (const lock of guards) {
    const guard = lock()
    assert.throws(() => mapMut({ length: page }), { code: 'EDEADLK' })
    guard.release()
    mapMut({ length: page }).unmap()
  }
  mapping.unmap()
})

test('guards nest, and the lock is free only after the last', () => {
  const first = user().mmapReadLock()
  const second = user().lockVmaUnderRcu([...first][0]!.start)!
  first.release()
  assert.throws(() => mapMut({ length: page }), { code: 'EDEADLK' })
  assert.notEqual(second.start, 0n)
  second.release()
  assert.throws(() => second.start, RELEASED)
  mapMut({ length: page }).unmap()
})

test('a look-up under RCU of nothing holds nothing', () => {
  assert.equal(user().lockVmaUnderRcu(0n), undefined)
  mapMut({ length: page }).unmap()
})

test('an address that is none, and a process that is none, are refused', () => {
  using guard = user().mmapReadLock()
  for (const address of [
    -1n,
    1n << 64n,
    4096 as unknown as bigint,
    '0x1000' as unknown as bigint,
    undefined as unknown as bigint,
  ]) {
    assert.throws(() => guard.vmaLookup(address), INVALID)
    assert.throws(() => user().lockVmaUnderRcu(address), INVALID)
    assert.throws(() => user().readMemory(address, new Uint8Array(1)), INVALID)
  }
  for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 31, '1' as unknown as number])
    assert.throws(() => Mm.of(pid), INVALID)
  assert.throws(() => user().advise(0n, 1, 'tomorrow' as 'cold'), INVALID)
})

test('a guard can not be sent to another thread', () => {
  using guard = user().mmapReadLock()
  assert.throws(() => structuredClone(guard), { name: 'DataCloneError' })
  using one = user().lockVmaUnderRcu([...guard][0]!.start)!
  assert.throws(() => structuredClone(one), { name: 'DataCloneError' })
})

test('a guard that was forgotten is released when it is collected, with a warning', {
  skip: typeof gc !== 'function' && 'needs --expose-gc',
}, async () => {
  // Node's own listener would print it.
  process.removeAllListeners('warning')
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
  forget()
  await until('the guard is collected', () => {
    gc!()
    try {
      mapMut({ length: page }).unmap()
      return true
    } catch (error) {
      assert.equal((error as { code: string }).code, 'EDEADLK')
      return false
    }
  })
  mapMut({ length: page }).unmap()
  assert.match((await warned).message, /without being released/)

  function forget(): void {
    const guard: MmapReadGuard = user().mmapReadLock()
    assert.throws(() => mapMut({ length: page }), { code: 'EDEADLK' })
    assert.ok(guard.held)
  }
})

test('a zap drops the pages of a range inside, and does nothing for one that is not', () => {
  using mapping = mapMut({ length: 3 * page })
  mapping.bytes.fill(7)
  {
    using guard = user().mmapReadLock()
    const vma = guard.vmaLookup(mapping.start)!
    vma.zapPageRangeSingle(vma.end - BigInt(page), 2 * page)
    vma.zapPageRangeSingle(vma.start - BigInt(page), 2 * page)
    vma.zapPageRangeSingle((1n << 64n) - BigInt(page), 2 * page)
    assert.deepEqual(
      [0, page, 2 * page].map((offset) => mapping.bytes[offset]),
      [7, 7, 7],
    )
    vma.zapPageRangeSingle(mapping.start + BigInt(page), page)
  }
  assert.deepEqual(
    [0, page, 2 * page].map((offset) => mapping.bytes[offset]),
    [7, 0, 7],
  )
})

test('a zap reaches locked memory too, as the kernel’s does', {
  skip: beforeLinux('5.18', 'MADV_DONTNEED_LOCKED'),
}, () => {
  using mapping = mapMut({ length: page })
  mapping.bytes.fill(7)
  mapping.lock()
  using guard = user().mmapReadLock()
  guard.vmaLookup(mapping.start)!.zapPageRangeSingle(mapping.start, page)
  assert.equal(mapping.bytes[0], 0)
})

test('disposing an MmWithUser or another Mm of this process does not affect its own Mm', () => {
  {
    using mm = thisProcess().mm
    assert.ok(mm.mmgetNotZero())
    using another = Mm.of(process.pid)
    using guard = another.mmgetNotZero()!.mmapReadLock()
    assert.ok([...guard].length > 0)
  }
  using guard = user().mmapReadLock()
  assert.ok([...guard].length > 0)
  assert.ok([...guard.pages()].length > 0)
  const closed = Mm.of(process.pid)
  closed[Symbol.dispose]()
  closed[Symbol.dispose]()
  using late = closed.mmgetNotZero()!.mmapReadLock()
  assert.throws(() => late.vmaLookup(0n), { code: 'EBADF' })
})

test('a disposed MmWithUser throws', () => {
  const given = user()
  given[Symbol.dispose]()
  given[Symbol.dispose]()
  assert.throws(() => given.mmapReadLock(), RELEASED)
  assert.throws(() => given.lockVmaUnderRcu(0n), RELEASED)
})

test('VmaRef and its kin can be imported alone, in any order', () => {
  for (const file of ['vma-ref', 'vma-mixed-map', 'vma-read-guard', 'mmap-read-guard', 'mm-with-user', 'mm']) {
    execFileSync(process.execPath, [
      '--input-type=module',
      '-e',
      `await import(${JSON.stringify(import.meta.resolve(`#vmarea/mm/${file}.js`))})`,
    ])
  }
})
