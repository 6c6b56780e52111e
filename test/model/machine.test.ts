import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Mm } from '#vmarea/mm/mm.js'
import { Machine } from '#vmarea/model.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { VM } from '#vmarea/vocabulary/vm.js'

const PAGE = 4096
const RW = PROT.READ | PROT.WRITE

test('a process maps, writes and reads memory through the shared mapping types', () => {
  const machine = new Machine()
  const process = machine.spawn()
  const memory = process.mapMut({ length: 3 * PAGE })
  memory.write(PAGE - 1, new Uint8Array([1, 2, 3]))
  const back = new Uint8Array(4)
  memory.read(PAGE - 2, back)
  assert.deepEqual([...back], [0, 1, 2, 3])
  const readable = memory.makeReadOnly()
  assert.throws(() => readable.bytes, { code: 'ERR_VMAREA_NO_VIEW' })
  machine.checkInvariants()
  readable.unmap()
  machine.checkInvariants()
})

test('the same seed lays a process out the same, another one elsewhere', () => {
  const at = (seed: number) => new Machine({ seed }).spawn().mapNone({ length: PAGE }).start
  assert.equal(at(7), at(7))
  assert.notEqual(at(7), at(8))
})

test('fork copies on write, in either direction, and leaves out what DONTFORK says', () => {
  const machine = new Machine()
  const parent = machine.spawn()
  const { calls } = parent.kernel
  const flags = MAP.PRIVATE | MAP.ANONYMOUS
  const address = calls.mmap(0n, 4 * PAGE, RW, flags, -1, 0)
  calls.madvise(address + BigInt(3 * PAGE), PAGE, MADV.DONTFORK)
  const parentSpace = parent.kernel.addressSpace
  const region = parent.mapMut({ length: PAGE })
  region.write(0, new Uint8Array([5]))
  const child = parent.fork()
  region.write(0, new Uint8Array([6]))
  const seen = new Uint8Array(1)
  child.kernel.addressSpace.readMemory(region.start, seen)
  assert.equal(seen[0], 5)
  parentSpace.readMemory(region.start, seen)
  assert.equal(seen[0], 6)
  assert.equal(child.kernel.addressSpace.lookup(address + BigInt(3 * PAGE)), undefined)
  assert.ok(child.kernel.addressSpace.lookup(address))
  machine.checkInvariants()
  child.exit()
  machine.checkInvariants()
  assert.throws(() => child.kernel.calls.munmap(address, PAGE), { code: 'ESRCH' })
})

test('Mm pins the address space of a process that ends, and reports its end', () => {
  const machine = new Machine()
  const process = machine.spawn()
  const mapping = process.mapMut({ length: PAGE })
  const mm = Mm.fromRaw(process.kernel.addressSpace)
  {
    using user = mm.mmgetNotZero()
    process.exit()
    using guard = user!.mmapReadLock()
    assert.equal(guard.vmaLookup(mapping.start)?.start, mapping.start)
  }
  assert.equal(mm.mmgetNotZero(), undefined)
  machine.checkInvariants()
})

test('under a guard the layout does not change', () => {
  const process = new Machine().spawn()
  const mapping = process.mapMut({ length: PAGE })
  using user = Mm.fromRaw(process.kernel.addressSpace).mmgetNotZero()
  {
    using _guard = user!.mmapReadLock()
    assert.throws(() => mapping.unmap(), { code: 'EDEADLK' })
    process.kernel.calls.madvise(mapping.start, PAGE, MADV.DONTNEED)
    assert.throws(() => process.kernel.calls.madvise(mapping.start, PAGE, MADV.DONTFORK), { code: 'EDEADLK' })
  }
  mapping.unmap()
})

test('the text of maps and smaps is the kernel’s', () => {
  const process = new Machine({ seed: 3 }).spawn()
  const { calls } = process.kernel
  calls.mmap(0x10000000n, 2 * PAGE, RW, MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED, -1, 0)
  const fd = process.kernel.files.memfdCreate('name', { sealable: true })
  process.kernel.files.ftruncate(fd, PAGE)
  calls.mmap(0x20000000n, PAGE, PROT.READ, MAP.SHARED | MAP.FIXED, fd, 0)
  const [first, second, stack] = process.maps().split('\n')
  assert.equal(first, '10000000-10002000 rw-p 00000000 00:00 0 ')
  assert.match(second!, /^20000000-20001000 r--s 00000000 00:01 \d+ +\/memfd:name \(deleted\)$/)
  assert.equal(second!.indexOf('/memfd'), 73)
  assert.match(stack!, /\[stack\]$/)
  assert.match(process.smaps(), /VmFlags: rd wr mr mw me ac \n/)
})

test('a core dump holds what was written, unless it is advised not to', () => {
  const process = new Machine().spawn()
  const { calls, addressSpace } = process.kernel
  const written = process.mapMut({ length: PAGE })
  written.write(0, new Uint8Array([1]))
  const untouched = process.mapMut({ length: PAGE, address: 0x10000000n, fixed: 'noreplace' })
  const secret = process.mapMut({ length: PAGE, address: 0x20000000n, fixed: 'noreplace' })
  secret.write(0, new Uint8Array([1]))
  calls.madvise(secret.start, PAGE, MADV.DONTDUMP)
  const shared = process.mapMut({ length: PAGE, shared: true })
  const bytes = (address: bigint) => process.coreDump().find(({ start }) => start === address)!.bytes
  assert.equal(bytes(written.start), PAGE)
  assert.equal(bytes(untouched.start), 0)
  assert.equal(bytes(secret.start), 0)
  assert.equal(bytes(shared.start), PAGE)
  assert.ok(addressSpace.lookup(secret.start)!.flags & VM.DONTDUMP)
})

test('files of the machine are shared by its processes and written through shared mappings', () => {
  const machine = new Machine()
  machine.writeFile('/data', new Uint8Array(PAGE + 10).fill(7))
  const writer = machine.spawn().mapMut({ file: '/data', shared: true })
  const reader = machine.spawn().map({ file: '/data' })
  writer.write(PAGE + 5, new Uint8Array([9]))
  const seen = new Uint8Array(10)
  reader.read(PAGE, seen)
  assert.deepEqual([...seen], [7, 7, 7, 7, 7, 9, 7, 7, 7, 7])
  assert.equal(machine.readFile('/data')![PAGE + 5], 9)
  machine.checkInvariants()
})

test('limits and capabilities that are taken away bind', () => {
  const machine = new Machine({ memory: 2 ** 30 })
  const process = machine.spawn({ limits: { lockedMemory: 2 * PAGE } })
  const { calls } = process.kernel
  const memory = process.mapMut({ length: 4 * PAGE })
  process.capabilities.delete('CAP_IPC_LOCK')
  assert.throws(() => calls.mlock(memory.start, 3 * PAGE), { code: 'ENOMEM' })
  calls.mlock(memory.start, 2 * PAGE)
  process.limits.addressSpace = 2 ** 20
  assert.throws(() => process.mapMut({ length: 2 ** 21 }), { code: 'ENOMEM' })
  process.limits.addressSpace = Infinity
  assert.throws(() => process.mapMut({ length: 2 ** 31 }), { code: 'ENOMEM' })
  process.mapNone({ length: 2 ** 31 })
  machine.checkInvariants()
})

test('what the model leaves out is an error that says so', () => {
  const process = new Machine().spawn()
  assert.throws(() => process.kernel.files.memfdCreate('huge', { sealable: false, hugePageSize: 2 ** 21 }), {
    code: 'ENOSYS',
    message: /huge pages/,
  })
  const huge = MAP.PRIVATE | MAP.ANONYMOUS | MAP.HUGETLB
  assert.throws(() => process.kernel.calls.mmap(0n, 2 ** 21, RW, huge, -1, 0), { code: 'ENOSYS' })
})

// The results of the same calls on Linux 6.18, relative to the page where the break was.
test('brk grows, shrinks, and stays where it was when it can’t', () => {
  const machine = new Machine()
  const process = machine.spawn()
  const { calls } = process.kernel
  const begin = process.brk()
  const brk = (bytes: number) => Number(process.brk(begin + BigInt(bytes)) - begin)
  assert.equal(brk(3 * PAGE + 5), 3 * PAGE + 5)
  assert.equal(Number(process.brk() - begin), 3 * PAGE + 5)
  assert.equal(brk(-PAGE), 3 * PAGE + 5, 'below the beginning')
  assert.equal(brk(PAGE), PAGE)
  calls.mmap(begin + BigInt(4 * PAGE), PAGE, PROT.NONE, MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED, -1, 0)
  assert.equal(brk(4 * PAGE), PAGE, 'a page stays free before the next area')
  assert.equal(brk(3 * PAGE), 3 * PAGE)
  assert.equal(brk(2 * PAGE), 2 * PAGE)
  calls.munmap(begin + BigInt(4 * PAGE), PAGE)
  calls.munmap(begin + BigInt(PAGE), PAGE)
  assert.equal(brk(0), 0, 'over a hole at the end')
  assert.equal(brk(2 * PAGE), 2 * PAGE)
  calls.munmap(begin + BigInt(PAGE), PAGE)
  assert.equal(brk(PAGE), 2 * PAGE, 'nothing left of what would be unmapped')
  machine.checkInvariants()
})
