import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Machine } from '#vmarea/model.js'
import { Userfaultfd } from '#vmarea/userfaultfd/userfaultfd.js'
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
  using uffd = Userfaultfd.create(process.kernel)
  uffd.register(memory.start, 4 * PAGE)
  const seen = new Uint8Array(1)
  assert.throws(() => memory.read(PAGE, seen), { code: 'ERR_VMAREA_WOULD_BLOCK' })
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
  using uffd = Userfaultfd.create(process.kernel, { features: ['pagefault_flag_wp'] })
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
    const uffd = Userfaultfd.create(process.kernel)
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

test('an unmap is told with EVENT_UNMAP', () => {
  const { process, memory } = begin()
  using uffd = Userfaultfd.create(process.kernel, { features: ['event_unmap'] })
  uffd.register(memory.start, 4 * PAGE)
  const { start } = memory
  memory.unmap()
  const event = uffd.readEvent()
  assert.equal(event?.kind, 'unmap')
  assert.equal((event as { start: bigint }).start, start)
})
