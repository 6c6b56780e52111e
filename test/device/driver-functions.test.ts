// Each driver-side function of mm/memory.c (6.18), on the model: the test has the name of the function and says what it checks.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  type DeviceContext,
  type DeviceHooks,
  defineDevice,
  type Page,
  VM,
  type VmaMixedMap,
  VmError,
} from '#vmarea/device.js'
import { Machine } from '#vmarea/model.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { root } from '../support/root.js'
import { isFault, throwsFault, throwsUsage, throwsVm } from '../support/throws.js'
import { byteAt, open, PAGE } from './open.js'

const at = (start: bigint, page: number) => start + BigInt(page * PAGE)

/** Maps four pages of a device whose `mmap` hook does this. */
async function mapped(
  mmap: (mixed: VmaMixedMap, device: DeviceContext) => void,
  others: Omit<DeviceHooks, 'mmap'> = {},
) {
  const opened = await open((context) => ({
    ...others,
    size: 16 * PAGE,
    mmap: (vma) => mmap(vma.setMixedmap(), context),
  }))
  const memory = opened.device.map({ length: 4 * PAGE, protection: 'write', shared: true })
  opened.machine.checkInvariants()
  /** The area, later, under the lock. */
  const later = (act: (mixed: VmaMixedMap) => void) => {
    using user = opened.process.mm.mmgetNotZero()!
    using guard = user.mmapReadLock()
    act(guard.vmaLookup(memory.start)!.asMixedmapVma()!)
    opened.machine.checkInvariants()
  }
  return { ...opened, memory, later }
}

function filled(device: DeviceContext, byte: number): Page {
  const page = device.page()
  page.bytes.fill(byte)
  return page
}

test('vm_insert_page 1: an address outside of the area is EFAULT; one within a page counts as its page', async () => {
  const { memory } = await mapped((mixed, device) => {
    const page = filled(device, 4)
    throwsVm(() => mixed.vmInsertPage(mixed.start - 1n, page), 'EFAULT')
    throwsVm(() => mixed.vmInsertPage(mixed.end, page), 'EFAULT')
    mixed.vmInsertPage(mixed.start + 5n, page)
  })
  assert.equal(byteAt(memory, 0), 4)
})

test('vm_insert_page 2: without VM_MIXEDMAP it sets the flag under the write lock, and is a BUG later and with VM_PFNMAP', async () => {
  const { device, area, process, context } = await open({ mmap() {} })
  const { start } = device.map({ length: PAGE })
  throwsUsage(() => area(start).insertPage(start, context.page().asPtr()), 'ERR_VMAREA_KERNEL_BUG', /mmap lock/)
  assert.equal(process.kernel.addressSpace.lookup(start)!.flags & VM.MIXEDMAP, 0n)
  const raw = await open((own) => ({
    mmap(vma) {
      const page = own.page().asPtr()
      if (vma.offset > 0n) vma.asPtr().changeFlags(VM.PFNMAP, 0n)
      vma.asPtr().insertPage(vma.start, page)
      assert.equal(vma.flags & VM.MIXEDMAP, VM.MIXEDMAP)
    },
  }))
  raw.device.map({ length: PAGE })
  assert.throws(
    () => raw.device.map({ offset: PAGE, length: PAGE }),
    (error: VmError) => (error.cause as { code?: string }).code === 'ERR_VMAREA_KERNEL_BUG',
  )
})

test('vm_insert_page 3: a disposed page, the zero page, an anonymous page and a value that is no page are EINVAL', async () => {
  const { process, later, memory } = await mapped((mixed, device) => {
    const page = device.page()
    const raw = page.asPtr()
    page[Symbol.dispose]()
    throwsVm(() => mixed.vmInsertPage(mixed.start, raw), 'EINVAL')
    const mapped = device.page()
    const still = mapped.asPtr()
    mixed.vmInsertPage(at(mixed.start, 3), mapped)
    mapped[Symbol.dispose]()
    throwsVm(() => mixed.vmInsertPage(mixed.start, still), 'EINVAL')
    throwsVm(() => mixed.vmInsertPage(mixed.start, { bytes: new Uint8Array(PAGE), references: 1, put() {} }), 'EINVAL')
  })
  const { machine, mm } = process.kernel
  using anonymous = process.mapMut({ length: PAGE })
  anonymous.write(0, new Uint8Array([1]))
  const page = mm.tables.page(Number(anonymous.start) / PAGE)!
  later((mixed) => {
    throwsVm(() => mixed.vmInsertPage(memory.start, machine.zeroPage), 'EINVAL')
    throwsVm(() => mixed.vmInsertPage(memory.start, page), 'EINVAL')
  })
})

test('vm_insert_page 4: ENOMEM never comes, because page tables cost the model no memory', async () => {
  const machine = new Machine({ memory: PAGE })
  const process = machine.spawn()
  const device = await process.openDevice(
    defineDevice((_options, context) => ({
      mmap: (vma) => vma.setMixedmap().vmInsertPages(vma.start, [filled(context, 1), filled(context, 2)]),
    })),
  )
  const memory = device.map({ length: 2 * PAGE })
  assert.deepEqual([byteAt(memory, 0), byteAt(memory, PAGE)], [1, 2])
})

test('vm_insert_page 5: an entry that is not empty is EBUSY, and stays', async () => {
  const { memory, later, process, context } = await mapped((mixed, device) => {
    mixed.vmInsertPage(mixed.start, filled(device, 1))
    throwsVm(() => mixed.vmInsertPage(mixed.start + 100n, filled(device, 2)), 'EBUSY')
  })
  assert.equal(byteAt(memory, 0), 1)
  // A marker is an entry too.
  const plain = process.mapMut({ length: PAGE })
  process.kernel.calls.madvise(plain.start, PAGE, MADV.GUARD_INSTALL)
  later((mixed) => throwsVm(() => mixed.vmInsertPage(memory.start, context.page()), 'EBUSY'))
})

test('vm_insert_page 6: a reference and a page of the file kind more; writable as the area is', async () => {
  let page: Page | undefined
  const { memory, process, device } = await mapped((mixed, context) => {
    page = filled(context, 1)
    mixed.vmInsertPage(mixed.start, page)
    mixed.vmInsertPage(at(mixed.start, 2), page)
    assert.equal(page.asPtr().references, 3)
  })
  memory.write(0, new Uint8Array([7]))
  assert.equal(page!.bytes[0], 7)
  assert.equal(byteAt(memory, 2 * PAGE), 7)
  assert.equal(process.kernel.mm.filePages, 2)
  // A private area of the same device: what is written is a copy.
  const own = device.map({ length: 4 * PAGE, protection: 'write' })
  const before = page!.bytes[0]
  own.write(0, new Uint8Array([99]))
  assert.equal(page!.bytes[0], before)
})

test('vm_insert_pages: all must lie inside (EFAULT); it ends at the first error and says how far it came', async () => {
  const { memory } = await mapped((mixed, device) => {
    const pages = [1, 2, 3].map((byte) => filled(device, byte))
    throwsVm(() => mixed.vmInsertPages(at(mixed.start, 2), pages), 'EFAULT')
    mixed.vmInsertPage(at(mixed.start, 2), filled(device, 9))
    assert.throws(
      () => mixed.vmInsertPages(mixed.start, pages),
      (error: VmError) => error.code === 'EBUSY' && error.done === 2 * PAGE,
    )
    mixed.vmInsertPages(mixed.start, [])
  })
  assert.deepEqual(
    [0, 1, 2].map((page) => byteAt(memory, page * PAGE)),
    [1, 2, 9],
  )
  throwsFault(() => byteAt(memory, 3 * PAGE), { reason: 'driver' })
})

test('vm_map_pages: begins with the page that the area’s offset names; too few are ENXIO. vm_map_pages_zero ignores the offset', async () => {
  const { device } = await open((context) => {
    const pages = [1, 2, 3, 4].map((byte) => filled(context, byte))
    return {
      mmap(vma) {
        const mixed = vma.setMixedmap()
        if (vma.shared) mixed.vmMapPagesZero(pages)
        else mixed.vmMapPages(pages)
      },
    }
  })
  const bytes = (offset: number, length: number, shared: boolean) => {
    using memory = device.map({ offset: offset * PAGE, length: length * PAGE, shared })
    return Array.from({ length }, (_, page) => byteAt(memory, page * PAGE))
  }
  assert.deepEqual(bytes(1, 3, false), [2, 3, 4])
  assert.deepEqual(bytes(1, 3, true), [1, 2, 3])
  throwsVm(() => bytes(1, 4, false), 'ENXIO')
  throwsVm(() => bytes(4, 1, false), 'ENXIO')
  throwsVm(() => bytes(5, 5, true), 'ENXIO')
  assert.deepEqual(bytes(5, 1, true), [1])
})

test('remap_pfn_range, vm_iomap_memory, vmf_insert_pfn, vmf_insert_mixed, zap_vma_ptes: bare frames are left out, as docs/model.md says', async () => {
  const page = readFileSync(join(root, 'docs', 'model.md'), 'utf8')
  for (const name of ['remap_pfn_range', 'vm_iomap_memory', 'vmf_insert_pfn', 'vmf_insert_mixed', 'zap_vma_ptes']) {
    assert.ok(page.includes(`\`${name}\``), `docs/model.md does not name ${name}`)
    const camel = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
    await mapped((mixed) => assert.equal(camel in mixed, false))
  }
})

test('zap_page_range_single: a page of the device or of the driver loses a reference, and a private copy is freed', async () => {
  let page: Page | undefined
  const { memory, later, process } = await mapped(
    (mixed, device) => {
      page = filled(device, 5)
      mixed.vmInsertPage(mixed.start, page)
    },
    { fault: (fault) => void fault.bytes.fill(6) },
  )
  assert.deepEqual([byteAt(memory, 0), byteAt(memory, PAGE)], [5, 6])
  assert.equal(process.kernel.mm.filePages, 2)
  later((mixed) => mixed.zapPageRangeSingle(memory.start, 2 * PAGE))
  assert.equal(process.kernel.mm.filePages, 0)
  assert.equal(page!.asPtr().references, 1)
  assert.deepEqual([byteAt(memory, 0), byteAt(memory, PAGE)], [6, 6], 'the device’s own page is there now')
})

test('zap_page_range_single: a private copy is lost', async () => {
  const { device, process } = await open({ fault: (fault) => void fault.bytes.fill(6) })
  const memory = device.map({ protection: 'write' })
  memory.write(0, new Uint8Array([1]))
  using user = process.mm.mmgetNotZero()!
  using guard = user.mmapReadLock()
  guard.vmaLookup(memory.start)!.zapPageRangeSingle(memory.start, PAGE)
  assert.equal(byteAt(memory, 0), 6)
})

test('zap_page_range_single: guards are kept', async () => {
  const process = new Machine().spawn()
  const memory = process.mapMut({ length: 2 * PAGE })
  memory.write(0, new Uint8Array(2 * PAGE).fill(1))
  process.kernel.calls.madvise(memory.start, PAGE, MADV.GUARD_INSTALL)
  using user = process.mm.mmgetNotZero()!
  using guard = user.mmapReadLock()
  guard.vmaLookup(memory.start)!.zapPageRangeSingle(memory.start, 2 * PAGE)
  throwsFault(() => byteAt(memory, 0), { reason: 'no-access' })
  assert.equal(byteAt(memory, PAGE), 0)
})

test('a fault on a driver’s area without a fault hook is SIGBUS', async () => {
  const { memory } = await mapped((mixed, device) => mixed.vmInsertPage(mixed.start, device.page()))
  assert.equal(byteAt(memory, 0), 0)
  throwsFault(() => byteAt(memory, PAGE), { reason: 'driver', access: 'read', offset: PAGE })
  throwsFault(() => memory.write(2 * PAGE, new Uint8Array(1)), { reason: 'driver', access: 'write' })
})

test('a fault that returns a page: a read maps it, a private write copies it, a shared write goes through page_mkwrite', async () => {
  const asked: string[] = []
  const { device, machine } = await open({
    fault(fault) {
      asked.push(`fault ${fault.offset / PAGE}`)
      fault.bytes.fill(3)
    },
    pageMkwrite(fault) {
      asked.push(`pageMkwrite ${fault.offset / PAGE}`)
      assert.equal(fault.bytes[0], 3, 'it has the page')
      assert.equal(fault.write, true)
    },
  })
  const own = device.map({ protection: 'write' })
  const shared = device.map({ protection: 'write', shared: true })
  assert.equal(byteAt(own, 0), 3)
  own.write(0, new Uint8Array([4]))
  own.write(PAGE, new Uint8Array([4]))
  assert.deepEqual(asked, ['fault 0', 'fault 1'], 'private writes are the mapping’s own')
  assert.equal(byteAt(shared, 0), 3)
  shared.write(0, new Uint8Array([5]))
  shared.write(1, new Uint8Array([5]))
  shared.write(8 * PAGE, new Uint8Array([5]))
  assert.deepEqual(asked.slice(2), ['pageMkwrite 0', 'fault 8', 'pageMkwrite 8'])
  assert.equal(byteAt(own, 0), 4)
  assert.equal(byteAt(own, 8 * PAGE), 5, 'the device’s page')
  machine.checkInvariants()
})

test('page_mkwrite: one that refuses fails the write, and is asked again', async () => {
  let refuses = true
  const { device } = await open({
    fault() {},
    pageMkwrite() {
      if (refuses) throw new RangeError('full')
    },
  })
  const memory = device.map({ protection: 'write', shared: true })
  assert.throws(
    () => memory.write(0, new Uint8Array([1])),
    (error) =>
      isFault(error, { reason: 'driver', access: 'write' }) &&
      ((error as Error).cause as VmError).cause instanceof RangeError,
  )
  assert.equal(byteAt(memory, 0), 0)
  refuses = false
  memory.write(0, new Uint8Array([1]))
  assert.equal(byteAt(memory, 0), 1)
})

test('page_mkwrite: an asynchronous one is waited for', async () => {
  let asked = 0
  const { device } = await open({
    fault() {},
    async pageMkwrite() {
      asked++
      await Promise.resolve()
      if (asked > 1) throw new RangeError('full')
    },
  })
  const memory = device.map({ protection: 'write', shared: true })
  throwsUsage(() => memory.write(0, new Uint8Array([1])), 'ERR_VMAREA_WOULD_BLOCK')
  await memory.writeAsync(0, new Uint8Array([1]))
  assert.equal(asked, 1)
  await assert.rejects(memory.writeAsync(PAGE, new Uint8Array([1])), (error) => isFault(error, { reason: 'driver' }))
})

// ---- the contract of the mmap hook ----

test('mmap: the hook has the area before anyone can reach it; flags may be changed, and no other call made', async () => {
  let looked: unknown = 'nothing'
  const { device, process } = await open({
    mmap(vma) {
      looked = process.kernel.addressSpace.lookup(vma.start)
      throwsVm(() => process.kernel.calls.munmap(vma.start, PAGE), 'EDEADLK')
      vma.setDontexpand()
    },
  })
  device.map()
  assert.equal(looked, undefined)
})

test('mmap: an area that mmap has forbidden to write can not be permitted again: the kernel would warn', async () => {
  const { device } = await open(
    { fault() {}, mmap: (vma) => vma.asPtr().changeFlags(VM.MAYWRITE, 0n) },
    { residentLimit: 16 * PAGE },
  )
  assert.throws(
    () => device.map({ shared: true }),
    (error: VmError) => (error.cause as { code?: string }).code === 'ERR_VMAREA_KERNEL_BUG',
  )
  device.map().unmap()
})

test('mmap: a hook that throws VmError gives that very error, and anything else EIO with its cause', async () => {
  let thrown: unknown = new VmError('EBUSY', 'mmap', { hint: 'second registration' })
  const { device, machine, process } = await open({
    mmap() {
      throw thrown
    },
  })
  assert.throws(
    () => device.map(),
    (error) => error === thrown,
  )
  for (const cause of [new TypeError('oh'), 'a string', undefined]) {
    thrown = cause
    assert.throws(
      () => device.map(),
      (error: VmError) => error.code === 'EIO' && error.cause === cause && error.syscall === 'mmap',
    )
  }
  machine.checkInvariants()
  assert.equal(process.maps().includes('vmarea'), false)
})

test('mmap: where a hook fails, a range that MAP_FIXED replaced stays a hole, and the pages of the hook are freed', async () => {
  let fails = false
  const pages: Page[] = []
  const { device, process, machine, area } = await open((context) => ({
    mmap(vma) {
      const page = context.page()
      pages.push(page)
      vma.setMixedmap().vmInsertPage(vma.start, page)
      if (fails) throw new Error('no')
    },
  }))
  const { calls } = process.kernel
  const start = calls.mmap(0n, 3 * PAGE, PROT.READ, MAP.PRIVATE | MAP.ANONYMOUS, -1, 0)
  fails = true
  throwsVm(() => device.map({ length: PAGE, address: at(start, 1), fixed: 'replace' }), 'EIO')
  assert.equal(area(at(start, 1)), undefined)
  assert.equal(area(start).end, at(start, 1))
  assert.equal(area(at(start, 2)).start, at(start, 2))
  assert.equal(pages.at(-1)!.asPtr().references, 1)
  machine.checkInvariants()
})

test('mmap: what fails before the hook is asked leaves the old mapping', async () => {
  let asked = 0
  const { device, process, area } = await open(
    {
      fault() {},
      mmap() {
        asked++
      },
    },
    { residentLimit: 16 * PAGE },
  )
  const { calls } = process.kernel
  const start = calls.mmap(0n, PAGE, PROT.READ, MAP.PRIVATE | MAP.ANONYMOUS, -1, 0)
  const flags = MAP.SHARED | MAP.FIXED
  throwsVm(() => device.asRaw().map(start, PAGE, PROT.READ | PROT.WRITE, flags, 0), 'EACCES')
  assert.equal(asked, 0)
  assert.equal(area(start).inode, 0n)
})

test('mmap: without the hook it is ENODEV', async () => {
  const process = new Machine().spawn()
  const device = await process.kernel.devices.open(
    { operations: () => ({}) },
    {
      driver: undefined,
      timeout: Infinity,
      run: { least: PAGE, most: PAGE },
      residentLimit: Infinity,
      source: undefined,
      signal: undefined,
    },
  )
  throwsVm(() => device.map(0n, PAGE, PROT.READ, MAP.SHARED, 0), 'ENODEV')
})

test('mmap: an asynchronous hook is refused, and its area is not left behind', async () => {
  const { device, process } = await open({
    async mmap() {
      throw new Error('nobody hears it')
    },
  })
  assert.throws(
    () => device.map(),
    (error: VmError) => error.code === 'EIO' && /synchronous/.test((error.cause as Error).message),
  )
  assert.equal(process.maps().includes('vmarea'), false)
})

test('mmap: a special area never merges with its neighbour', async () => {
  for (const special of [true, false]) {
    const { device, process } = await open({
      mmap: (vma) => (special ? vma.setDontexpand() : undefined),
      fault() {},
    })
    const memory = device.map({ length: 4 * PAGE })
    process.kernel.calls.mprotect(at(memory.start, 2), PAGE, PROT.NONE)
    process.kernel.calls.mprotect(at(memory.start, 2), PAGE, PROT.READ)
    const areas = [...process.kernel.addressSpace.areas(memory.start, memory.end)]
    assert.equal(areas.length, special ? 3 : 1)
  }
})
