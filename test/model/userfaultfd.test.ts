import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ModelRegion } from '#vmarea/model/kernel/model-region.js'
import { Machine } from '#vmarea/model.js'
import { bindUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import { VM } from '#vmarea/vocabulary/vm.js'

const PAGE = 4096

function begin() {
  const machine = new Machine()
  const process = machine.spawn()
  const memory = process.mapMut({ length: 4 * PAGE })
  const region = process.kernel.regions.regionAt(memory.start)!
  return { machine, process, memory, region }
}

test('a missing page is waited for, announced once, and read as it was copied', async () => {
  const { machine, process, memory, region } = begin()
  using uffd = bindUserfaultfd(() => process.kernel).create()
  uffd.register(memory.start, 4 * PAGE)
  const seen = new Uint8Array(1)
  assert.throws(() => memory.read(PAGE, seen), { code: 'ERR_VMAREA_WOULD_DEADLOCK' })
  const waiting = region.readAsync(PAGE, seen)
  const event = uffd.readEvent()
  assert.equal(event?.kind, 'pagefault')
  assert.equal(uffd.readEvent(), undefined)
  uffd.copy(memory.start + BigInt(PAGE), PAGE, new Uint8Array(PAGE).fill(7))
  assert.equal(await waiting, undefined)
  assert.equal(seen[0], 7)
  assert.throws(() => uffd.copy(memory.start + BigInt(PAGE), PAGE, new Uint8Array(PAGE)), { code: 'EEXIST' })
  machine.checkInvariants()
})

test('a page that is write-protected is announced when it is written, and not when it is read', async () => {
  const { process, memory, region } = begin()
  memory.write(0, new Uint8Array([1]))
  using uffd = bindUserfaultfd(() => process.kernel).create({ features: ['pagefault_flag_wp'] })
  uffd.register(memory.start, 4 * PAGE, ['wp'])
  uffd.writeProtect(memory.start, PAGE)
  memory.read(0, new Uint8Array(1))
  assert.equal(uffd.readEvent(), undefined)
  const waiting = region.writeAsync(0, new Uint8Array([2]))
  assert.equal(uffd.readEvent()?.kind, 'pagefault')
  uffd.writeProtect(memory.start, PAGE, false)
  assert.equal(await waiting, undefined)
})

test('closing the last handle poisons what is missing, or leaves zeros', async () => {
  for (const missing of ['poison', 'zero'] as const) {
    const { machine, process, memory } = begin()
    memory.write(0, new Uint8Array([1]))
    const uffd = bindUserfaultfd(() => process.kernel).create()
    uffd.register(memory.start, 4 * PAGE)
    uffd.close({ missing })
    const seen = new Uint8Array(1)
    memory.read(0, seen)
    assert.equal(seen[0], 1)
    if (missing === 'poison') assert.throws(() => memory.read(PAGE, seen), { reason: 'poisoned' })
    else memory.read(PAGE, seen)
    assert.equal(process.kernel.addressSpace.lookup(memory.start)!.flags & VM.UFFD_MISSING, 0n)
    machine.checkInvariants()
  }
})

test('EVENT_UNMAP reports an unmap', () => {
  const { process, memory } = begin()
  using uffd = bindUserfaultfd(() => process.kernel).create({ features: ['event_unmap'] })
  uffd.register(memory.start, 4 * PAGE)
  const { start } = memory
  memory.unmap()
  assert.deepEqual(uffd.readEvent(), { kind: 'unmap', start, end: start + BigInt(4 * PAGE) })
})

test('an unmap of several areas is one event for each userfaultfd, with the whole range', () => {
  const { process, memory } = begin()
  using uffd = bindUserfaultfd(() => process.kernel).create({ features: ['event_unmap'] })
  uffd.register(memory.start, PAGE)
  uffd.register(memory.start + BigInt(2 * PAGE), PAGE)
  const { start } = memory
  memory.unmap()
  assert.deepEqual(uffd.readEvent(), { kind: 'unmap', start, end: start + BigInt(4 * PAGE) })
  assert.equal(uffd.readEvent(), undefined)
})

test('nothing is resolved while an event is unread', () => {
  const { process, memory } = begin()
  using uffd = bindUserfaultfd(() => process.kernel).create({ features: ['event_remove', 'pagefault_flag_wp'] })
  uffd.register(memory.start, 4 * PAGE, ['missing', 'wp'])
  memory.advise('dontneed', 3 * PAGE, PAGE)
  const page = new Uint8Array(PAGE)
  assert.throws(() => uffd.copy(memory.start, PAGE, page), { code: 'EAGAIN' })
  assert.throws(() => uffd.zero(memory.start, PAGE), { code: 'EAGAIN' })
  assert.throws(() => uffd.writeProtect(memory.start, PAGE), { code: 'EAGAIN' })
  assert.equal(uffd.readEvent()?.kind, 'remove')
  assert.equal(uffd.copy(memory.start, PAGE, page), PAGE)
})

test('without EVENT_FORK the memory of a child is not registered', async () => {
  const { machine, process, memory } = begin()
  using uffd = bindUserfaultfd(() => process.kernel).create()
  uffd.register(memory.start, 4 * PAGE)
  const child = process.fork()
  assert.equal(uffd.readEvent(), undefined)
  assert.equal(child.kernel.addressSpace.lookup(memory.start)!.flags & VM.UFFD_MISSING, 0n)
  assert.equal(child.kernel.addressSpace.readMemory(memory.start, new Uint8Array(1)), 1)
  machine.checkInvariants()
})

test('with EVENT_FORK a child has a userfaultfd of its own, which comes with the event', async () => {
  const { machine, process, memory } = begin()
  using uffd = bindUserfaultfd(() => process.kernel).create({ features: ['event_fork', 'pagefault_flag_wp'] })
  uffd.register(memory.start, 4 * PAGE, ['missing', 'wp'])
  uffd.copy(memory.start, PAGE, new Uint8Array(PAGE).fill(1), { writeProtect: true })
  const child = process.fork()
  assert.throws(() => uffd.zero(memory.start + BigInt(PAGE), PAGE), { code: 'EAGAIN' })
  const event = uffd.readEvent()
  assert.ok(event?.kind === 'fork')
  using ofChild = event.child
  assert.deepEqual([...ofChild.features].sort(), ['event_fork', 'pagefault_flag_wp'])
  const area = child.kernel.addressSpace.lookup(memory.start)!
  assert.notEqual(area.flags & VM.UFFD_MISSING, 0n)
  machine.checkInvariants()

  // What the child waits for, its own userfaultfd announces and answers, and nobody else's.
  const region = new ModelRegion(child.kernel.mm, child.kernel.calls, child.kernel.regions, memory.start, 4 * PAGE)
  const seen = new Uint8Array(1)
  const reading = region.readAsync(PAGE, seen)
  assert.equal(uffd.readEvent(), undefined)
  const fault = ofChild.readEvent()
  assert.ok(fault?.kind === 'pagefault')
  ofChild.copy(fault.address, PAGE, new Uint8Array(PAGE).fill(7))
  assert.equal(await reading, undefined)
  assert.equal(seen[0], 7)

  // Protection went along.
  const writing = region.writeAsync(0, new Uint8Array([2]))
  const written = ofChild.readEvent()
  assert.equal(written?.kind === 'pagefault' && written.fault, 'wp')
  ofChild.writeProtect(memory.start, PAGE, false)
  assert.equal(await writing, undefined)
  memory.read(0, seen)
  assert.equal(seen[0], 1, 'the parent has its own page')

  assert.throws(() => ofChild.move(memory.start + BigInt(2 * PAGE), memory.start, PAGE), { code: 'EINVAL' })
  child.exit()
  assert.throws(() => ofChild.zero(memory.start + BigInt(2 * PAGE), PAGE), { code: 'ESRCH' })
  assert.throws(() => ofChild.register(memory.start, PAGE), { code: 'ENOMEM' })
  machine.checkInvariants()
})

test('a child whose event was not read goes with the userfaultfd of its parent', () => {
  for (const missing of ['poison', 'zero'] as const) {
    const { machine, process, memory } = begin()
    const uffd = bindUserfaultfd(() => process.kernel).create({ features: ['event_fork'] })
    uffd.register(memory.start, 4 * PAGE)
    const child = process.fork()
    uffd.close({ missing })
    const { addressSpace } = child.kernel
    assert.equal(addressSpace.lookup(memory.start)!.flags & VM.UFFD_MISSING, 0n)
    if (missing === 'zero') assert.equal(addressSpace.readMemory(memory.start, new Uint8Array(1)), 1)
    else assert.throws(() => addressSpace.readMemory(memory.start, new Uint8Array(1)), { code: 'EFAULT' })
    machine.checkInvariants()
  }
})

test('EVENT_FORK requires CAP_SYS_PTRACE', () => {
  const process = new Machine().spawn({ capabilities: [] })
  assert.throws(() => process.userfaultfd({ features: ['event_fork'], userModeOnly: true }), { code: 'EPERM' })
})

test('a process that ends gives up its userfaultfds, those of its children included', async () => {
  const { machine, process, memory } = begin()
  const uffd = bindUserfaultfd(() => process.kernel).create({ features: ['event_fork'] })
  uffd.register(memory.start, 4 * PAGE)
  const child = process.fork()
  const event = uffd.readEvent()
  assert.ok(event?.kind === 'fork')
  process.exit()
  assert.equal(event.child.open, false)
  const { flags } = child.kernel.addressSpace.lookup(memory.start)!
  assert.equal(flags & VM.UFFD_MISSING, 0n)
  machine.checkInvariants()
})

test('written returns what was written since the last reset, and everything before the first', () => {
  const { machine, process, memory } = begin()
  using uffd = bindUserfaultfd(() => process.kernel).create({ features: ['wp_async'] })
  assert.throws(() => uffd.written(memory.start, PAGE), { code: 'EPERM', syscall: 'PAGEMAP_SCAN' })
  uffd.register(memory.start, 4 * PAGE, ['wp'])
  const at = (page: number) => memory.start + BigInt(page * PAGE)
  assert.deepEqual(uffd.written(memory.start, 4 * PAGE, { reset: true }), [{ start: at(0), end: at(4) }])
  assert.deepEqual(uffd.written(memory.start, 4 * PAGE), [])
  memory.write(PAGE, new Uint8Array([1]))
  memory.write(2 * PAGE, new Uint8Array([1]))
  memory.read(0, new Uint8Array(1))
  assert.deepEqual(uffd.written(memory.start, 4 * PAGE), [{ start: at(1), end: at(3) }])
  assert.deepEqual(uffd.written(at(2), 2 * PAGE, { reset: true }), [{ start: at(2), end: at(3) }])
  assert.deepEqual(uffd.written(memory.start, 4 * PAGE), [{ start: at(1), end: at(2) }])
  machine.checkInvariants()
})
