// Each row of the kernel's rust/kernel/mm/virt.rs (6.18), on the model: the test has the name of the item.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Page, VM, VmaMixedMap, VmaNew, VmaRef, type VmError } from '#vmarea/device.js'
import type { Area } from '#vmarea/kernel/area.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MREMAP } from '#vmarea/vocabulary/mremap.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { throwsUsage, throwsVm } from '../support/throws.js'
import { byteAt, open, PAGE } from './open.js'

/** Maps a page of a device whose `mmap` hook does this, and gives what is needed to look at it. */
async function mapped(mmap: (vma: VmaNew) => void, protection: 'read' | 'write' = 'read') {
  const opened = await open({ mmap })
  const memory = opened.device.map({ length: 2 * PAGE, protection, shared: true })
  return { ...opened, memory, flags: () => opened.area(memory.start).flags }
}

/** What the `mmap` hook throws arrives as the program's error: its cause, if it was none of the kernel's. */
function causeOf(error: unknown): unknown {
  return (error as Error).cause
}

test('VmaRef: good while its guard is held, refused afterwards', async () => {
  const { process, memory } = await mapped(() => {})
  const guard = process.mm.mmgetNotZero()!.mmapReadLock()
  const vma = guard.vmaLookup(memory.start)!
  assert.equal(vma.start, memory.start)
  guard[Symbol.dispose]()
  for (const use of [() => vma.start, () => vma.flags, () => vma.asPtr(), () => vma.zapPageRangeSingle(0n, 0)]) {
    throwsUsage(use, 'ERR_VMAREA_GUARD_RELEASED')
  }
})

test('VmaRef.as_ptr, mm, flags, start, end: the area’s own, both ends on a page', async () => {
  let seen: Record<string, unknown> = {}
  const { memory, process } = await mapped((vma) => {
    seen = { start: vma.start, end: vma.end, flags: vma.flags, area: vma.asPtr(), space: vma.mm.asRaw() }
  })
  assert.equal(seen.start, memory.start)
  assert.equal(seen.end, memory.start + BigInt(2 * PAGE))
  assert.equal(seen.flags, VM.READ | VM.SHARED | VM.MAYREAD | VM.MAYWRITE | VM.MAYEXEC | VM.MAYSHARE)
  assert.equal(seen.area, process.kernel.addressSpace.lookup(memory.start))
  assert.equal(seen.space, process.kernel.addressSpace)
})

test('VmaRef.zap_page_range_single: a range that does not lie inside is passed over in silence; no alignment is asked', async () => {
  let fills = 0
  const { memory, process, machine, device } = await open({
    fault() {
      fills++
    },
  }).then(async (opened) => ({ ...opened, memory: opened.device.map({ length: 2 * PAGE }) }))
  const present = () => process.kernel.addressSpace.pages(memory.start, memory.end)
  const count = () => [...present()].reduce((pages, run) => pages + (run.state === 0 ? 0 : 1), 0)
  memory.read(0, new Uint8Array(2 * PAGE))
  const before = count()
  using user = process.mm.mmgetNotZero()!
  using guard = user.mmapReadLock()
  const vma = guard.vmaLookup(memory.start)!
  vma.zapPageRangeSingle(memory.start - 1n, 2)
  vma.zapPageRangeSingle(memory.start, 3 * PAGE)
  vma.zapPageRangeSingle(2n ** 64n - 1n, 2)
  assert.equal(count(), before)
  vma.zapPageRangeSingle(memory.start + 1n, 1)
  assert.notDeepEqual([...present()], [])
  machine.checkInvariants()
  assert.equal(byteAt(memory, 0), 0)
  assert.equal(fills, 2, 'the device has the page still')
  assert.equal(device.statistics.faults, 3)
})

test('VmaRef.as_mixedmap_vma: there is one only where VM_MIXEDMAP is set', async () => {
  const inside: boolean[] = []
  await mapped((vma) => {
    inside.push(vma.asMixedmapVma() !== undefined)
    vma.setMixedmap()
    inside.push(vma.asMixedmapVma() instanceof VmaMixedMap)
  })
  assert.deepEqual(inside, [false, true])
})

test('VmaMixedMap: is a VmaRef, and exists only with the flag', async () => {
  let area: Area | undefined
  let mixed: VmaMixedMap | undefined
  await mapped((vma) => {
    area = vma.asPtr()
    throwsUsage(() => VmaMixedMap.fromRaw(area!, vma.mm), 'ERR_VMAREA_NOT_MIXEDMAP')
    mixed = vma.setMixedmap()
    assert.ok(mixed instanceof VmaRef)
    assert.equal(mixed.start, vma.start)
    assert.ok(VmaMixedMap.fromRaw(area, vma.mm))
  })
  throwsUsage(() => mixed!.start, 'ERR_VMAREA_HOOK_RETURNED')
})

test('VmaMixedMap.vm_insert_page: maps a page that stays the caller’s', async () => {
  let page: Page | undefined
  const { device, machine } = await open((context) => ({
    mmap(vma) {
      page = context.page()
      page.bytes[5] = 9
      vma.setMixedmap().vmInsertPage(vma.start, page)
    },
  }))
  const memory = device.map({ length: PAGE })
  machine.checkInvariants()
  assert.equal(byteAt(memory, 5), 9)
  assert.equal(page!.asPtr().references, 2)
  page!.bytes[5] = 10
  assert.equal(byteAt(memory, 5), 10)
  memory.unmap()
  assert.equal(page!.asPtr().references, 1)
  page![Symbol.dispose]()
})

test('VmaNew: is a VmaRef, and is refused once its hook has returned', async () => {
  let kept: VmaNew | undefined
  const { flags } = await mapped((vma) => {
    assert.ok(vma instanceof VmaRef)
    kept = vma
  })
  const before = flags()
  const uses: ((vma: VmaNew) => unknown)[] = [
    (vma) => vma.setMixedmap(),
    (vma) => vma.setIo(),
    (vma) => vma.setDontexpand(),
    (vma) => vma.setDontcopy(),
    (vma) => vma.setDontdump(),
    (vma) => vma.readable,
    (vma) => vma.writable,
    (vma) => vma.executable,
    (vma) => vma.tryClearMayread(),
    (vma) => vma.tryClearMaywrite(),
    (vma) => vma.tryClearMayexec(),
    (vma) => vma.start,
    (vma) => vma.mm,
    (vma) => vma.asPtr(),
    (vma) => vma.asMixedmapVma(),
    (vma) => vma.zapPageRangeSingle(0n, PAGE),
  ]
  for (const use of uses) throwsUsage(() => use(kept!), 'ERR_VMAREA_HOOK_RETURNED', /mmap/)
  assert.equal(flags(), before)
})

test('VmaNew kept past a hook that threw is refused as well', async () => {
  let kept: VmaNew | undefined
  const { device } = await open({
    mmap(vma) {
      kept = vma
      throw new Error('no')
    },
  })
  assert.throws(() => device.map({ length: PAGE }))
  throwsUsage(() => kept!.setIo(), 'ERR_VMAREA_HOOK_RETURNED')
})

test('VmaNew.set_mixedmap: sets VM_MIXEDMAP and gives a VmaMixedMap; with VM_PFNMAP it is a BUG', async () => {
  const { flags } = await mapped((vma) => assert.ok(vma.setMixedmap() instanceof VmaMixedMap))
  assert.equal(flags() & VM.MIXEDMAP, VM.MIXEDMAP)
  const frames = await open({
    mmap(vma) {
      vma.asPtr().changeFlags(VM.PFNMAP, 0n)
      throwsUsage(() => vma.setMixedmap(), 'ERR_VMAREA_KERNEL_BUG', /VM_PFNMAP/)
    },
  })
  assert.equal(frames.area(frames.device.map({ length: PAGE }).start).flags & VM.MIXEDMAP, 0n)
})

test('VmaNew.set_io: VM_IO, which keeps populate and DOFORK away', async () => {
  const { flags, process, memory } = await mapped((vma) => vma.setIo())
  assert.equal(flags() & VM.IO, VM.IO)
  const { calls } = process.kernel
  throwsVm(() => calls.madvise(memory.start, PAGE, MADV.DOFORK), 'EINVAL')
  throwsVm(() => calls.madvise(memory.start, PAGE, MADV.POPULATE_READ), 'EINVAL')
})

test('VmaNew.set_dontexpand: mremap can’t grow the area (EFAULT)', async () => {
  const { flags, process, memory } = await mapped((vma) => vma.setDontexpand())
  assert.equal(flags() & VM.DONTEXPAND, VM.DONTEXPAND)
  throwsVm(() => process.kernel.calls.mremap(memory.start, 2 * PAGE, 3 * PAGE, MREMAP.MAYMOVE), 'EFAULT')
  throwsVm(() => memory.resize(3 * PAGE), 'EFAULT')
})

test('VmaNew.set_dontcopy: a child has no such area; permanent only with VM_IO', async () => {
  const soft = await mapped((vma) => vma.setDontcopy())
  assert.equal(soft.process.fork().kernel.addressSpace.lookup(soft.memory.start), undefined)
  soft.process.kernel.calls.madvise(soft.memory.start, 2 * PAGE, MADV.DOFORK)
  assert.ok(soft.process.fork().kernel.addressSpace.lookup(soft.memory.start))
  const hard = await mapped((vma) => {
    vma.setDontcopy()
    vma.setIo()
  })
  throwsVm(() => hard.process.kernel.calls.madvise(hard.memory.start, 2 * PAGE, MADV.DOFORK), 'EINVAL')
})

test('VmaNew.set_dontdump: a core dump passes the area over; permanent only with VM_IO', async () => {
  const dumped = ({ process, memory }: Awaited<ReturnType<typeof mapped>>) =>
    process.coreDump(0xff).some(({ start, bytes }) => start === memory.start && bytes > 0)
  assert.equal(dumped(await mapped(() => {})), true)
  const soft = await mapped((vma) => vma.setDontdump())
  assert.equal(dumped(soft), false)
  soft.process.kernel.calls.madvise(soft.memory.start, 2 * PAGE, MADV.DODUMP)
  assert.equal(dumped(soft), true)
  const hard = await mapped((vma) => {
    vma.setDontdump()
    vma.setIo()
  })
  throwsVm(() => hard.process.kernel.calls.madvise(hard.memory.start, 2 * PAGE, MADV.DODUMP), 'EINVAL')
})

test('VmaNew.readable, writable, executable: what the program asked for', async () => {
  const seen: boolean[][] = []
  const look = (vma: VmaNew) => void seen.push([vma.readable, vma.writable, vma.executable])
  await mapped(look)
  await mapped(look, 'write')
  assert.deepEqual(seen, [
    [true, false, false],
    [true, true, false],
  ])
})

test('VmaNew.try_clear_mayread: EINVAL, and nothing changed, on an area that is readable', async () => {
  const { flags } = await mapped((vma) => throwsVm(() => vma.tryClearMayread(), 'EINVAL'))
  assert.equal(flags() & VM.MAYREAD, VM.MAYREAD)
})

test('VmaNew.try_clear_mayread: an area without access can never be made readable', async () => {
  const { device, process, area } = await open({ mmap: (vma) => vma.tryClearMayread() })
  const region = device.asRaw().map(0n, PAGE, PROT.NONE, 1, 0)
  assert.equal(area(region.start).flags & VM.MAYREAD, 0n)
  throwsVm(() => process.kernel.calls.mprotect(region.start, PAGE, PROT.READ), 'EACCES')
})

test('VmaNew.try_clear_maywrite: EINVAL, and nothing changed, on an area that is writable', async () => {
  const { flags } = await mapped((vma) => throwsVm(() => vma.tryClearMaywrite(), 'EINVAL'), 'write')
  assert.equal(flags() & VM.MAYWRITE, VM.MAYWRITE)
})

test('VmaNew.try_clear_maywrite: an area that was mapped for reading can never be made writable', async () => {
  const { memory, flags } = await mapped((vma) => vma.tryClearMaywrite())
  assert.equal(flags() & VM.MAYWRITE, 0n)
  throwsVm(() => memory.makeMut(), 'EACCES', /driver/)
  assert.equal(memory.size, 2 * PAGE, 'the handle is good')
})

test('VmaNew.try_clear_mayexec: an area can never be made executable; EINVAL where it is', async () => {
  const { memory, flags } = await mapped((vma) => vma.tryClearMayexec())
  assert.equal(flags() & VM.MAYEXEC, 0n)
  throwsVm(() => memory.makeExec(), 'EACCES')
  const { device } = await open({ mmap: (vma) => throwsVm(() => vma.tryClearMayexec(), 'EINVAL') })
  device
    .asRaw()
    .map(0n, PAGE, PROT.READ | PROT.EXEC, 1, 0)
    .unmap()
})

test('a hook that passes the EINVAL of try_clear_maywrite on refuses the mapping', async () => {
  const { device } = await open({ mmap: (vma) => vma.tryClearMaywrite() })
  throwsVm(() => device.map({ protection: 'write' }), 'EINVAL', /try_clear_maywrite/)
  device.map().unmap()
})

test('from_raw: VmaNew, VmaRef and VmaMixedMap over an area that the caller vouches for', async () => {
  await mapped((vma) => {
    const again = VmaNew.fromRaw(vma.asPtr(), vma.mm)
    again.setMixedmap()
    assert.equal(VmaRef.fromRaw(vma.asPtr(), vma.mm).flags, vma.flags)
    assert.ok(VmaMixedMap.fromRaw(vma.asPtr(), vma.mm))
  })
})

test('Page: read_raw, write_raw, fill_zero_raw ask for off + len within the page, and its very end for none', async () => {
  const { context } = await open({ fault() {} })
  using page = context.page()
  assert.ok(page instanceof Page)
  page.writeRaw(new Uint8Array([1, 2, 3]), PAGE - 3)
  const read = new Uint8Array(3)
  page.readRaw(read, PAGE - 3)
  assert.deepEqual([...read], [1, 2, 3])
  page.fillZeroRaw(PAGE - 2, 2)
  page.readRaw(read, PAGE - 3)
  assert.deepEqual([...read], [1, 0, 0])
  page.readRaw(new Uint8Array(0), PAGE)
  page.fillZeroRaw(PAGE, 0)
  const bad: readonly [offset: number, length: number][] = [
    [PAGE, 1],
    [PAGE - 1, 2],
    [PAGE + 1, 0],
    [-1, 1],
    [0, PAGE + 1],
    [0.5, 1],
    [2 ** 53, 2 ** 53],
  ]
  for (const [offset, length] of bad) {
    throwsVm(() => page.fillZeroRaw(offset, length), 'EINVAL')
    throwsVm(() => page.readRaw(new Uint8Array(8), offset, length), 'EINVAL')
    throwsVm(() => page.writeRaw(new Uint8Array(8), offset, length), 'EINVAL')
  }
  throwsUsage(() => page.fillZeroRaw(Number.NaN, 0), 'ERR_VMAREA_INVALID_ARGUMENT')
})

test('Page: disposing it drops the owner’s reference once; mappings keep the page', async () => {
  let page: Page | undefined
  const { device, machine } = await open((context) => ({
    mmap(vma) {
      page = context.page()
      page.bytes[0] = 3
      vma.setMixedmap().vmInsertPage(vma.start, page)
    },
  }))
  const memory = device.map({ length: PAGE })
  const raw = page!.asPtr()
  page![Symbol.dispose]()
  page![Symbol.dispose]()
  machine.checkInvariants()
  assert.equal(raw.references, 1)
  assert.equal(byteAt(memory, 0), 3)
  for (const use of [() => page!.bytes, () => page!.asPtr(), () => page!.fillZeroRaw(0, 1)]) {
    throwsUsage(use, 'ERR_VMAREA_PAGE_PUT')
  }
  memory.unmap()
  assert.equal(raw.references, 0)
})

test('what the kernel calls a BUG arrives as the cause of EIO, and names the rule', async () => {
  const { device } = await open({
    mmap(vma) {
      vma.asPtr().changeFlags(VM.PFNMAP, 0n)
      vma.setMixedmap()
    },
  })
  assert.throws(
    () => device.map(),
    (error: VmError) => error.code === 'EIO' && (causeOf(error) as { code?: string }).code === 'ERR_VMAREA_KERNEL_BUG',
  )
})
