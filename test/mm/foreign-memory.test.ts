// Calls that destroy what memory holds: private memory that the library did not map is refused, unless it is asked for by name.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapMut, memfd, thisProcess, Userfaultfd } from 'vmarea'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { placeApart } from '../support/place-apart.js'
import { skipWithout } from '../userfaultfd/skip.js'

const { kernel, mm } = thisProcess()
const page = kernel.pageSize
const FOREIGN = { code: 'ERR_VMAREA_FOREIGN_MEMORY' }
const user = mm.mmgetNotZero()!

/** Areas of this process that no call may take away: of each kind the first. */
function foreignAreas(): { name: string; start: bigint }[] {
  using guard = user.mmapReadLock()
  const areas = [...guard.areas()].map(({ start, path, readable, writable, executable, shared }) => {
    return { start, name: path, readable, writable, executable, shared }
  })
  const found = [
    areas.find(({ name }) => name === '[heap]'),
    areas.find(({ name }) => name === '[stack]'),
    areas.find(({ name, executable }) => name === process.execPath && executable),
    areas.find(({ name, writable }) => name.endsWith('/vmarea.node') && writable),
    areas.find(({ name, writable, shared }) => name === '' && writable && !shared),
  ]
  assert.ok(found.filter((area) => area !== undefined).length >= 4, JSON.stringify(found.map((area) => area?.name)))
  return found.filter((area) => area !== undefined)
}

test('the heap, a stack, the engine, the addon and anonymous memory of others', () => {
  for (const { name, start } of foreignAreas()) {
    using guard = user.mmapReadLock()
    const area = guard.vmaLookup(start)!
    assert.throws(() => area.zapPageRangeSingle(start, page), FOREIGN, name)
    for (const advice of ['dontneed', 'free', 'remove', 'guard_install'] as const)
      assert.throws(() => user.advise(start, page, advice), FOREIGN, `${advice} ${name}`)
  }
  for (const { name, start } of foreignAreas()) {
    assert.throws(() => mapMut({ length: page, address: start, fixed: 'replace' }), FOREIGN, name)
    assert.throws(() => mapMut({ length: 3 * page, address: start - BigInt(page), fixed: 'replace' }), FOREIGN, name)
  }
})

test('the source of a move', { skip: skipWithout('move') }, () => {
  using uffd = Userfaultfd.create()
  using target = mapMut({ length: page })
  uffd.register(target.start, page)
  for (const { name, start } of foreignAreas()) assert.throws(() => uffd.move(target.start, start, page), FOREIGN, name)
  using source = mapMut({ length: page })
  source.write(0, new Uint8Array([5]))
  assert.equal(uffd.move(target.start, source.start, page), page)
  assert.equal(target.read(0, new Uint8Array(1))[0], 5)
})

test('what the library holds, shared memory, and what is asked for by name are not refused', () => {
  using held = mapMut({ length: 2 * page })
  held.write(0, new Uint8Array(2 * page).fill(3))
  assert.equal(user.advise(held.start, page, 'dontneed'), page)
  const look = (start: bigint) => {
    const bytes = new Uint8Array(1)
    user.readMemory(start, bytes)
    return bytes[0]
  }
  assert.deepEqual([look(held.start), look(held.start + BigInt(page))], [0, 3])
  const { calls } = kernel
  const mine = calls.mmap(placeApart(4 * page), 4 * page, PROT.READ | PROT.WRITE, MAP.PRIVATE | MAP.ANONYMOUS, -1, 0)
  assert.throws(() => user.advise(mine, page, 'dontneed'), FOREIGN)
  assert.equal(user.advise(mine, page, 'cold'), page, 'destroys nothing')
  assert.equal(user.advise(mine, page, 'dontneed', { foreign: true }), page)
  {
    using guard = user.mmapReadLock()
    guard.vmaLookup(mine)!.zapPageRangeSingle(mine, page, { foreign: true })
  }
  mapMut({ length: page, address: mine + BigInt(page), fixed: 'replace', foreign: true }).unmap()
  calls.munmap(mine, 4 * page)
  using file = memfd('shared', { size: page })
  const shared = calls.mmap(0n, page, PROT.READ, MAP.SHARED, file.fd, 0)
  assert.equal(user.advise(shared, page, 'dontneed'), page)
  calls.munmap(shared, page)
})
