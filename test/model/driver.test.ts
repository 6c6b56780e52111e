import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Area } from '#vmarea/kernel/area.js'
import type { FileOperations } from '#vmarea/kernel/file-operations.js'
import type { RawPage } from '#vmarea/kernel/raw-page.js'
import { Mm } from '#vmarea/mm/mm.js'
import { Machine, type ModelledProcess } from '#vmarea/model.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { MREMAP } from '#vmarea/vocabulary/mremap.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { VM } from '#vmarea/vocabulary/vm.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'

const PAGE = 4096
const RW = PROT.READ | PROT.WRITE

interface Opened {
  readonly machine: Machine
  readonly process: ModelledProcess
  readonly descriptor: number
  map(pages: number, protection?: number, flags?: number, address?: bigint): bigint
  area(address: bigint): Area
  read(address: bigint): number
  write(address: bigint, byte: number): void
}

/** A process with a device of `pages` pages, whose memory is checked after each call. */
function open(operations: FileOperations, pages = 16): Opened {
  const machine = new Machine()
  const process = machine.spawn()
  const { kernel } = process
  const descriptor = kernel.devices.openDevice(operations, { size: pages * PAGE })
  const access = (address: bigint, bytes: Uint8Array, write: boolean) => {
    const region = kernel.regions.regionAt(address)!
    const offset = Number(address - region.start)
    const fault = write ? region.write(offset, bytes) : region.read(offset, bytes)
    machine.checkInvariants()
    if (fault !== undefined) throw Object.assign(new Error(fault.reason), fault)
  }
  return {
    machine,
    process,
    descriptor,
    map(count, protection = RW, flags = MAP.SHARED, address = 0n) {
      const region = kernel.regions.mapRegion(address, count * PAGE, protection, flags, descriptor, 0, PAGE)
      machine.checkInvariants()
      return region.start
    },
    area: (address) => kernel.addressSpace.lookup(address)!,
    read(address) {
      const byte = new Uint8Array(1)
      access(address, byte, false)
      return byte[0]!
    },
    write(address, value) {
      access(address, new Uint8Array([value]), true)
    },
  }
}

const MIXED = { mmap: (area: Area) => area.changeFlags(VM.MIXEDMAP, 0n) }

test('mmap of a device without an mmap hook is ENODEV', () => {
  assert.throws(() => open({}).map(1), { code: 'ENODEV' })
})

test('mmap: a hook that throws VmError gives that error, and anything else EIO with its cause', () => {
  const refusal = new VmError('EBUSY', 'mmap', { hint: 'second registration' })
  const refuses = open({
    mmap() {
      throw refusal
    },
  })
  assert.throws(
    () => refuses.map(1),
    (error) => error === refusal,
  )
  const breaks = open({
    mmap() {
      throw new TypeError('oh')
    },
  })
  assert.throws(
    () => breaks.map(1),
    (error: VmError) => error.code === 'EIO' && error.cause instanceof TypeError,
  )
})

test('mmap: where a hook fails, a range that MAP_FIXED replaced is left a hole', () => {
  let fails = false
  const device = open({
    mmap(area) {
      area.insertPage(area.start, device.process.kernel.devices.allocatePage())
      if (fails) throw new VmError('EINVAL', 'mmap')
    },
  })
  const start = device.map(3)
  fails = true
  const { calls } = device.process.kernel
  const middle = start + BigInt(PAGE)
  assert.throws(() => calls.mmap(middle, PAGE, RW, MAP.SHARED | MAP.FIXED, device.descriptor, 0), { code: 'EINVAL' })
  assert.equal(device.area(middle), undefined)
  assert.equal(device.area(start).end, middle)
  device.machine.checkInvariants()
})

test('mmap: a hook has the area before anyone can reach it, and nothing else can be mapped meanwhile', () => {
  let inside: unknown
  const device = open({
    mmap(area) {
      inside = device.process.kernel.addressSpace.lookup(area.start)
      assert.equal(device.process.kernel.addressSpace.tryReadLock(), false)
      assert.throws(() => device.process.kernel.calls.munmap(area.start, PAGE), { code: 'EDEADLK' })
    },
  })
  device.map(1)
  assert.equal(inside, undefined)
})

test('flags of an area change only while its mmap hook runs', () => {
  let kept: Area | undefined
  const device = open({
    mmap(area) {
      kept = area
      area.changeFlags(VM.IO | VM.DONTCOPY | VM.DONTDUMP, VM.MAYEXEC)
    },
  })
  const start = device.map(1)
  assert.equal(
    device.area(start).flags & (VM.IO | VM.DONTCOPY | VM.DONTDUMP | VM.MAYEXEC),
    VM.IO | VM.DONTCOPY | VM.DONTDUMP,
  )
  assert.throws(() => kept!.changeFlags(0n, VM.IO), { code: 'ERR_VMAREA_HOOK_RETURNED' })
})

test('clearing MAYWRITE keeps mprotect from ever making the area writable', () => {
  const device = open({ mmap: (area) => area.changeFlags(0n, VM.MAYWRITE) })
  const start = device.map(1, PROT.READ)
  assert.throws(() => device.process.kernel.calls.mprotect(start, PAGE, RW), { code: 'EACCES' })
})

test('DONTEXPAND keeps mremap from growing the area (EFAULT) and from DONTUNMAP (EINVAL)', () => {
  const device = open({ mmap: (area) => area.changeFlags(VM.DONTEXPAND, 0n) })
  const start = device.map(1)
  const { calls } = device.process.kernel
  assert.throws(() => calls.mremap(start, PAGE, 2 * PAGE, MREMAP.MAYMOVE), { code: 'EFAULT' })
  assert.throws(() => calls.mremap(start, PAGE, PAGE, MREMAP.MAYMOVE | MREMAP.DONTUNMAP, 0n), { code: 'EINVAL' })
})

test('DONTCOPY and DONTDUMP are permanent only with IO', () => {
  const plain = open({ mmap: (area) => area.changeFlags(VM.DONTCOPY | VM.DONTDUMP, 0n) })
  const soft = plain.map(1)
  plain.process.kernel.calls.madvise(soft, PAGE, MADV.DOFORK)
  plain.process.kernel.calls.madvise(soft, PAGE, MADV.DODUMP)
  assert.equal(plain.area(soft).flags & (VM.DONTCOPY | VM.DONTDUMP), 0n)
  const io = open({ mmap: (area) => area.changeFlags(VM.IO | VM.DONTCOPY | VM.DONTDUMP, 0n) })
  const hard = io.map(1)
  assert.throws(() => io.process.kernel.calls.madvise(hard, PAGE, MADV.DOFORK), { code: 'EINVAL' })
  assert.throws(() => io.process.kernel.calls.madvise(hard, PAGE, MADV.DODUMP), { code: 'EINVAL' })
})

test('a fault without a fault hook is the driver’s: SIGBUS', () => {
  const device = open(MIXED)
  const start = device.map(1)
  assert.throws(() => device.read(start), { reason: 'driver' })
})

test('a fault hook fills the page that the program sees, once', () => {
  const asked: number[] = []
  const device = open({
    mmap() {},
    fault({ offset, bytes }) {
      asked.push(offset)
      bytes[3] = 0x42
    },
  })
  const start = device.map(2)
  assert.equal(device.read(start + BigInt(PAGE + 3)), 0x42)
  assert.equal(device.read(start + BigInt(PAGE + 3)), 0x42)
  assert.deepEqual(asked, [PAGE])
})

test('a fault hook that throws fails the access with its error as the cause, and only that one', () => {
  let broken = true
  const device = open({
    mmap() {},
    fault() {
      if (broken) throw new RangeError('no such block')
    },
  })
  const start = device.map(1)
  assert.throws(
    () => device.read(start),
    (error: Error) => (error.cause as Error).cause instanceof RangeError,
  )
  broken = false
  assert.equal(device.read(start), 0)
})

test('a fault hook that answers later is waited for by the asynchronous copies alone', async () => {
  const device = open({
    mmap() {},
    async fault({ bytes }) {
      await Promise.resolve()
      bytes[0] = 9
    },
  })
  const start = device.map(1)
  assert.throws(() => device.read(start), { code: 'ERR_VMAREA_WOULD_BLOCK' })
  const seen = new Uint8Array(1)
  const region = device.process.kernel.regions.regionAt(start)!
  assert.equal(await region.readAsync(0, seen), undefined)
  assert.equal(seen[0], 9)
  assert.equal(device.read(start), 9)
})

test('a fault hook may answer with a page of the driver’s own, which keeps it', () => {
  const device: Opened = open({
    mmap() {},
    fault: (fault) => fault.answer(page),
  })
  const page = device.process.kernel.devices.allocatePage()
  page.bytes[0] = 7
  const start = device.map(2)
  assert.equal(device.read(start), 7)
  assert.equal(device.read(start + BigInt(PAGE)), 7)
  assert.equal(page.references, 3)
  device.write(start, 8)
  assert.equal(page.bytes[0], 8)
  device.process.kernel.calls.munmap(start, 2 * PAGE)
  assert.equal(page.references, 1)
})

test('a private write to a driver’s page copies it', () => {
  const device: Opened = open({
    mmap() {},
    fault: (fault) => fault.answer(page),
  })
  const page = device.process.kernel.devices.allocatePage()
  const start = device.map(1, RW, MAP.PRIVATE)
  device.write(start, 8)
  assert.equal(page.bytes[0], 0)
  assert.equal(page.references, 1)
})

test('page_mkwrite is asked before the first write, and may refuse it', () => {
  let refuses = true
  const asked: bigint[] = []
  const device = open({
    mmap() {},
    fault() {},
    pageMkwrite({ address }) {
      asked.push(address!)
      if (refuses) throw new VmError('ENOSPC', 'page_mkwrite')
    },
  })
  const start = device.map(1)
  device.read(start)
  assert.deepEqual(asked, [])
  assert.throws(() => device.write(start, 1), { reason: 'driver' })
  refuses = false
  device.write(start, 1)
  device.write(start, 2)
  assert.deepEqual(asked, [start, start])
})

test('zap takes pages away, and the next touch faults again: the device has them still', () => {
  let faults = 0
  const device = open({
    mmap() {},
    fault() {
      faults++
    },
  })
  const start = device.map(2)
  device.read(start)
  device.read(start + BigInt(PAGE))
  device.area(start).zap(start, PAGE)
  device.machine.checkInvariants()
  device.read(start)
  device.read(start + BigInt(PAGE))
  assert.equal(faults, 2)
})

test('zap_page_range_single keeps guards', () => {
  const process = new Machine().spawn()
  const { calls, addressSpace } = process.kernel
  const memory = process.mapMut({ length: 2 * PAGE })
  memory.write(0, new Uint8Array(2 * PAGE).fill(1))
  calls.madvise(memory.start, PAGE, MADV.GUARD_INSTALL)
  addressSpace.lookup(memory.start)!.zap(memory.start, 2 * PAGE)
  assert.throws(() => memory.read(0, new Uint8Array(1)), { reason: 'no-access' })
  const after = new Uint8Array(1)
  memory.read(PAGE, after)
  assert.equal(after[0], 0)
})

test('vm_insert_page: an address outside is EFAULT; one within a page counts as the page', () => {
  let page: RawPage | undefined
  const device = open({
    mmap(area) {
      page = device.process.kernel.devices.allocatePage()
      assert.throws(() => area.insertPage(area.end, page!), { code: 'EFAULT' })
      assert.throws(() => area.insertPage(area.start - 1n, page!), { code: 'EFAULT' })
      area.insertPage(area.start + 5n, page!)
    },
  })
  const start = device.map(1)
  page!.bytes[0] = 3
  assert.equal(device.read(start), 3)
  assert.ok(device.area(start).flags & VM.MIXEDMAP)
})

test('vm_insert_page: an occupied entry is EBUSY and stays', () => {
  const device = open({
    mmap(area) {
      const [first, second] = [
        device.process.kernel.devices.allocatePage(),
        device.process.kernel.devices.allocatePage(),
      ]
      first.bytes[0] = 1
      second.bytes[0] = 2
      area.insertPage(area.start, first)
      assert.throws(() => area.insertPage(area.start, second), { code: 'EBUSY' })
      assert.equal(second.references, 1)
    },
  })
  assert.equal(device.read(device.map(1)), 1)
})

test('vm_insert_page: something that is not a driver’s page is EINVAL', () => {
  const device = open({
    mmap(area) {
      const fake = { bytes: new Uint8Array(PAGE), references: 1, put() {} }
      assert.throws(() => area.insertPage(area.start, fake), { code: 'EINVAL' })
    },
  })
  device.map(1)
})

test('vm_insert_page later: allowed with MIXEDMAP, a BUG without it and with PFNMAP', () => {
  const page = (device: Opened) => device.process.kernel.devices.allocatePage()
  const mixed = open(MIXED)
  const start = mixed.map(1)
  mixed.area(start).insertPage(start, page(mixed))
  assert.equal(mixed.read(start), 0)
  const plain = open({ mmap() {} })
  const other = plain.map(1)
  assert.throws(() => plain.area(other).insertPage(other, page(plain)), { code: 'ERR_VMAREA_KERNEL_BUG' })
  const pfn = open({
    mmap(area) {
      area.changeFlags(VM.PFNMAP, 0n)
      assert.throws(() => area.insertPage(area.start, page(pfn)), { code: 'ERR_VMAREA_KERNEL_BUG' })
    },
  })
  pfn.map(1)
})

test('a special area never merges, not even after mprotect and back', () => {
  const device = open(MIXED)
  const start = device.map(3)
  const { calls } = device.process.kernel
  calls.mprotect(start, PAGE, PROT.READ)
  calls.mprotect(start, PAGE, RW)
  assert.equal(device.area(start).end, start + BigInt(PAGE))
})

test('an area that was unmapped, and one whose hook failed, are stale', () => {
  let kept: Area | undefined
  const device = open({
    mmap(area) {
      kept = area
      if (area.end - area.start > PAGE) throw new VmError('EINVAL', 'mmap')
    },
  })
  const start = device.map(1)
  const area = device.area(start)
  assert.equal(area, kept)
  device.process.kernel.calls.munmap(start, PAGE)
  assert.throws(() => area.flags, { code: 'ERR_VMAREA_STALE' })
  assert.throws(() => device.map(2), { code: 'EINVAL' })
  assert.throws(() => kept!.start, { code: 'ERR_VMAREA_STALE' })
})

test('invalidate takes device pages out of every map of them', () => {
  let faults = 0
  const device = open({
    mmap() {},
    fault() {
      faults++
    },
  })
  const one = device.map(1)
  const two = device.map(1)
  device.read(one)
  device.read(two)
  device.process.kernel.devices.invalidate(device.descriptor, 0, PAGE)
  device.machine.checkInvariants()
  device.read(one)
  device.read(two)
  assert.equal(faults, 2, 'once for each time that the device did not have the page')
})

test('binder: pages are put in later, zapped by the shrinker, and never in a stranger’s area', () => {
  let registered: Area | undefined
  const device = open({
    mmap(area) {
      if (area.writable) throw new VmError('EPERM', 'mmap')
      if (registered !== undefined) throw new VmError('EBUSY', 'mmap')
      area.changeFlags(VM.DONTCOPY | VM.MIXEDMAP, VM.MAYWRITE)
      registered = area
    },
  })
  assert.throws(() => device.map(4), { code: 'EPERM' })
  const start = device.map(4, PROT.READ)
  assert.throws(() => device.map(4, PROT.READ), { code: 'EBUSY' })
  const { addressSpace, calls, devices } = device.process.kernel
  const mm = Mm.fromRaw(addressSpace)
  /** The area at the address, if it is the one that the hook saw. */
  const own = (act: (area: Area) => void): boolean => {
    using user = mm.mmgetNotZero()
    using guard = user?.mmapReadLock()
    const vma = guard?.vmaLookup(start)
    if (vma === undefined || vma.asPtr() !== registered) return false
    act(vma.asPtr())
    return true
  }
  const page = devices.allocatePage()
  page.bytes[0] = 0x62
  assert.equal(
    own((area) => area.insertPage(start, page)),
    true,
  )
  assert.equal(device.read(start), 0x62)
  assert.equal(
    own((area) => area.zap(start, PAGE)),
    true,
  )
  assert.equal(page.references, 1)
  assert.throws(() => device.read(start), { reason: 'driver' })
  // Somebody else's memory at the same address.
  calls.mmap(start, 4 * PAGE, RW, MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED, -1, 0)
  assert.equal(
    own((area) => area.zap(start, PAGE)),
    false,
  )
  const child = device.process.fork()
  assert.ok(child.kernel.addressSpace.lookup(start))
})

/** Each advice on devices that set what AF_PACKET rings, io_uring and perf buffers set (see their VmFlags on Linux 6.18). */
const deviceLike = {
  'a packet ring': VM.MIXEDMAP,
  'an io_uring ring': VM.MIXEDMAP | VM.DONTEXPAND,
  'a perf buffer': VM.PFNMAP | VM.IO | VM.DONTEXPAND | VM.DONTDUMP | VM.DONTCOPY,
} as const
const refusedAdvice: Record<keyof typeof deviceLike, readonly (keyof typeof MADV)[]> = {
  'a packet ring': ['DODUMP', 'FREE', 'WIPEONFORK', 'GUARD_INSTALL', 'GUARD_REMOVE'],
  'an io_uring ring': ['DODUMP', 'FREE', 'WIPEONFORK', 'GUARD_INSTALL', 'GUARD_REMOVE'],
  'a perf buffer': [
    'DODUMP',
    'DOFORK',
    'DONTNEED',
    'DONTNEED_LOCKED',
    'FREE',
    'COLD',
    'PAGEOUT',
    'WIPEONFORK',
    'GUARD_INSTALL',
    'GUARD_REMOVE',
  ],
}
for (const [name, flags] of Object.entries(deviceLike)) {
  test(`advice on memory like that of ${name} is refused where the kernel refuses it`, () => {
    const device = open({ mmap: (area) => area.changeFlags(flags, 0n), fault() {} })
    const { calls } = device.process.kernel
    const start = device.map(2)
    const asked = [
      'DODUMP',
      'DOFORK',
      'DONTFORK',
      'DONTDUMP',
      'DONTNEED',
      'DONTNEED_LOCKED',
      'FREE',
      'COLD',
      'PAGEOUT',
      'WIPEONFORK',
      'KEEPONFORK',
      'GUARD_INSTALL',
      'GUARD_REMOVE',
      'HUGEPAGE',
      'NOHUGEPAGE',
      'MERGEABLE',
      'UNMERGEABLE',
      'NORMAL',
      'RANDOM',
      'SEQUENTIAL',
      'WILLNEED',
    ] as const
    const refused = asked.filter((advice) => {
      try {
        calls.madvise(start, 2 * PAGE, MADV[advice])
        return false
      } catch (error) {
        assert.equal((error as VmError).code, 'EINVAL')
        return true
      }
    })
    assert.deepEqual([...refused].sort(), [...refusedAdvice[name as keyof typeof deviceLike]].sort())
    assert.throws(() => calls.madvise(start, PAGE, MADV.REMOVE), { code: 'ENODEV' })
    assert.throws(() => calls.msync(start, PAGE, 4), { code: 'EINVAL' })
    calls.mlock(start, 2 * PAGE)
    assert.equal(device.area(start).flags & VM.LOCKED, 0n)
  })
}
