import assert from 'node:assert/strict'
import { test } from 'node:test'
import { thisProcess } from '#vmarea/this-process.js'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { openUserfaultfd } from '#vmarea/userfaultfd/open-userfaultfd.js'
import { UFFD_MODE } from '#vmarea/vocabulary/uffd-mode.js'
import { survives } from '../support/run-in-child.js'
import { kernel, page } from './memory.js'
import { startServer, stopServer } from './scenarios/start-server.js'
import { skipWithout } from './skip.js'

const skip = skipWithout('poison', 'wp_unpopulated', 'minor_shmem')
const wouldDeadlock = { code: 'ERR_VMAREA_WOULD_DEADLOCK' }
const byte = new Uint8Array(1)

test('a copy in or out that only this thread could serve is refused', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  const mapping = thisProcess().mapMut({ length: 4 * page })
  mapping.write(0, byte)
  uffd.register(mapping.start, mapping.size)
  assert.throws(() => mapping.read(page, byte), wouldDeadlock)
  assert.throws(() => mapping.write(page, byte), wouldDeadlock)
  assert.throws(() => mapping.read(0, new Uint8Array(2 * page)), wouldDeadlock, 'its second page is missing')
  assert.equal(mapping.read(0, byte)[0], 0, 'what is there can be read')
  assert.equal(uffd.readEvent(), undefined)
  assert.throws(() => mapping.read(page, byte), wouldDeadlock, 'now that this thread is the one that reads')
  uffd.copy(mapping.start + BigInt(page), page, new Uint8Array(page).fill(6))
  assert.equal(mapping.read(page, byte)[0], 6)
  mapping.unmap()
})

test('a write to a protected page likewise, and a page of the page cache only where minor faults are caught', {
  skip,
}, () => {
  using uffd = bindUserfaultfd(() => kernel).create({ features: ['pagefault_flag_wp', 'minor_shmem', 'missing_shmem'] })
  const mapping = thisProcess().mapMut({ length: 2 * page })
  mapping.write(0, new Uint8Array(2 * page).fill(1))
  uffd.register(mapping.start, mapping.size, ['missing', 'wp'])
  uffd.writeProtect(mapping.start, page)
  assert.equal(mapping.read(0, byte)[0], 1)
  assert.throws(() => mapping.write(0, byte), wouldDeadlock)
  mapping.write(page, byte)
  mapping.unmap()

  const file = thisProcess().memfd('test', { size: 2 * page })
  const [writer, reader] = [thisProcess().mapMut({ file, shared: true }), thisProcess().mapMut({ file, shared: true })]
  writer.write(0, new Uint8Array(page).fill(4))
  uffd.register(reader.start, reader.size, 'missing')
  assert.equal(reader.read(0, byte)[0], 4)
  assert.throws(() => reader.read(page, byte), wouldDeadlock)
  uffd.unregister(reader.start, reader.size)
  const other = thisProcess().mapMut({ file, shared: true })
  uffd.register(other.start, other.size, 'minor')
  assert.throws(() => other.read(0, byte), wouldDeadlock)
  for (const one of [writer, reader, other]) one.unmap()
  file[Symbol.dispose]()
})

// The protection of a page that is missing is a marker in the page table. In a child: what is not refused waits for ever.
test('a missing page that is protected is missing all the same', { skip }, async () => {
  await survives(`
    for (const features of [['wp_unpopulated'], ['missing_shmem', 'wp_hugetlbfs_shmem', 'wp_unpopulated']]) {
      const shared = features.length > 1
      const file = shared ? memfd('test', { size: 2 * page }) : undefined
      const uffd = vmarea.Userfaultfd.create({ features: ['pagefault_flag_wp', ...features] })
      const mapping = shared ? mapMut({ file, shared }) : mapMut({ length: 2 * page })
      uffd.register(mapping.start, mapping.size, ['missing', 'wp'])
      uffd.writeProtect(mapping.start, page)
      const refused = { code: 'ERR_VMAREA_WOULD_DEADLOCK' }
      assert.throws(() => mapping.read(0, new Uint8Array(1)), refused)
      assert.throws(() => mapping.advise('populate_read'), refused)
      assert.throws(() => mapping.write(0, new Uint8Array(1)), refused)
      assert.throws(() => mapping.lock(), refused)
      mapping.unmap()
      uffd.close({ missing: 'zero' })
    }`)
})

test('mlock of a protected page is refused where it would write: in private memory that is writable', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create({ features: ['pagefault_flag_wp'] })
  const { calls } = kernel
  const mapping = thisProcess().mapMut({ length: 2 * page })
  mapping.write(0, new Uint8Array(2 * page).fill(1))
  uffd.register(mapping.start, mapping.size, ['missing', 'wp'])
  uffd.writeProtect(mapping.start, page)
  assert.throws(() => mapping.lock(), wouldDeadlock)
  assert.throws(() => mapping.advise('populate_write'), wouldDeadlock)
  assert.throws(() => calls.mlock2(mapping.start, mapping.size, 0), wouldDeadlock)
  assert.throws(() => calls.mlockall(1), wouldDeadlock)
  mapping.advise('populate_read')
  calls.mlock2(mapping.start, mapping.size, 1) // MLOCK_ONFAULT faults nothing in
  mapping.unlock()
  const reader = mapping.makeReadOnly()
  reader.lock()
  reader.unmap()
})

test('mlock of a range with a hole faults nothing in, and is ENOMEM', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  const mapping = thisProcess().mapMut({ length: 3 * page })
  const end = mapping.splitOff(page)
  const middle = end.splitTo(page)
  uffd.register(mapping.start, page)
  const { start } = mapping
  middle.unmap()
  assert.throws(() => kernel.calls.mlock(start, 3 * page), { code: 'ENOMEM' })
  assert.equal(uffd.readEvent(), undefined)
  mapping.unmap()
  end.unmap()
})

test('the thread that serves is refused at once also where waits have a deadline', { skip }, () => {
  const { raw } = openUserfaultfd(kernel.userfaultfds, undefined)
  raw.api(0n)
  raw.setDeadline!(60_000)
  const mapping = thisProcess().mapMut({ length: 2 * page })
  raw.register(mapping.start, mapping.size, UFFD_MODE.MISSING)
  const messages = new Uint8Array(32)
  assert.equal(raw.read(messages), -11)
  assert.throws(() => mapping.read(page, byte), wouldDeadlock)
  assert.throws(() => mapping.write(page, byte), wouldDeadlock)
  raw.close()
  mapping.unmap()
})

test('it waits where another thread reads, or may', { skip }, async () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  const mapping = thisProcess().mapMut({ length: 4 * page })
  uffd.register(mapping.start, mapping.size)
  const server = await startServer(uffd)
  assert.notEqual(mapping.read(page, byte)[0], 0)
  await stopServer(server)
  assert.throws(() => mapping.read(2 * page, byte), wouldDeadlock, 'the other is gone')
  mapping.unmap()
})

test('in SIGBUS mode nothing waits', { skip: skip || skipWithout('sigbus') }, () => {
  using uffd = bindUserfaultfd(() => kernel).create({ features: ['sigbus'] })
  const mapping = thisProcess().mapMut({ length: 2 * page })
  uffd.register(mapping.start, mapping.size)
  assert.throws(() => mapping.read(0, byte), { name: 'MemoryFault' })
  assert.throws(() => mapping.access((bytes) => bytes[page]), { name: 'MemoryFault' })
  uffd.zero(mapping.start, mapping.size)
  assert.equal(mapping.read(0, byte)[0], 0)
  mapping.unmap()
})

test('a page that was poisoned, contained and healed is registered as before', { skip }, () => {
  using uffd = bindUserfaultfd(() => kernel).create()
  const mapping = thisProcess().mapMut({ length: 2 * page })
  uffd.register(mapping.start, mapping.size)
  uffd.poison(mapping.start, mapping.size)
  assert.throws(() => mapping.access((bytes) => bytes[0]), { name: 'MemoryFault', reason: 'poisoned' })
  assert.equal(uffd.copy(mapping.start, page, new Uint8Array(page).fill(8)), page)
  assert.equal(mapping.read(0, byte)[0], 8)
  mapping.unmap()
})
