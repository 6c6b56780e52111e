// A device's area on this kernel, whose flags the library holds, beside the same area of the modelled kernel, which has them: each call must
// be answered alike.
import assert from 'node:assert/strict'
import { closeSync } from 'node:fs'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { Kernel } from '#vmarea/kernel/kernel.js'
import type { Region } from '#vmarea/kernel/region.js'
import type { LinuxRegion } from '#vmarea/linux/regions/linux-region.js'
import { Machine } from '#vmarea/model.js'
import { thisProcess } from '#vmarea/this-process.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { MLOCK } from '#vmarea/vocabulary/mlock.js'
import { MREMAP } from '#vmarea/vocabulary/mremap.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { VM } from '#vmarea/vocabulary/vm.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'
import { codesOfFlags } from '#vmarea/vocabulary/vm-flag-codes.js'
import { Random } from '../differential/random.js'
import { longRuns } from '../support/long-runs.js'
import { placeApart } from '../support/place-apart.js'
import { seed } from '../support/seed.js'

const linux = thisProcess().kernel
const page = linux.pageSize
const besideModel = { skip: page !== 4096 && 'the model has pages of 4096 bytes' }
const PLAIN = 2
const PAGES = 6
// The device has plain memory below it, and room above.
const START = placeApart((PLAIN + 3 * PAGES) * page)
const at = (index: number) => START + BigInt(index * page)

interface Held {
  readonly set: bigint
  readonly cleared: bigint
  /** What the device is mapped with. */
  readonly protection: number
}

interface Side {
  readonly kernel: Kernel
  readonly device: Region
  close(): void
}

function mapPlain(kernel: Kernel): void {
  const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED_NOREPLACE
  assert.equal(kernel.calls.mmap(at(0), PLAIN * page, PROT.READ | PROT.WRITE, flags, -1, 0), at(0))
}

function onModel({ set, cleared, protection }: Held): Side {
  const { kernel } = new Machine().spawn()
  mapPlain(kernel)
  const operations = {
    mmap: (area: { changeFlags(set: bigint, clear: bigint): void }) => area.changeFlags(set, cleared),
    fault() {},
  }
  const descriptor = kernel.devices.openDevice(operations, { size: 2 * PAGES * page })
  const flags = MAP.SHARED | MAP.FIXED_NOREPLACE
  const device = kernel.regions.mapRegion(at(PLAIN), PAGES * page, protection, flags, descriptor, 0, page)
  return { kernel, device, close() {} }
}

function onLinux({ set, cleared, protection }: Held): Side {
  mapPlain(linux)
  const descriptor = linux.files.memfdCreate('device', { sealable: false })
  linux.files.ftruncate(descriptor, 2 * PAGES * page)
  const flags = MAP.SHARED | MAP.FIXED_NOREPLACE
  const device = linux.regions.mapRegion(at(PLAIN), PAGES * page, protection, flags, descriptor, 0, page)
  closeSync(descriptor)
  ;(device as LinuxRegion).holdFlags(0, PAGES * page, set, cleared)
  const close = () => {
    device.unmap()
    linux.calls.munmap(START, (PLAIN + 3 * PAGES) * page)
  }
  return { kernel: linux, device, close }
}

function sides(held: Held): [Side, Side] {
  return [onModel(held), onLinux(held)]
}

/** What this kernel does and shows of MLOCK_ONFAULT, of a page that may not be accessed. */
const onFault = (() => {
  const probe = linux.calls.mmap(0n, page, PROT.NONE, MAP.PRIVATE | MAP.ANONYMOUS, -1, 0)
  const works = outcome(() => linux.calls.mlock2(probe, page, MLOCK.ONFAULT)) === 'done'
  const shows = (linux.addressSpace.lookup(probe)!.flags & VM.LOCKONFAULT) !== 0n
  linux.calls.munmap(probe, page)
  return { works, shows }
})()

const compared =
  VM.READ |
  VM.WRITE |
  VM.EXEC |
  VM.SHARED |
  VM.MAYREAD |
  VM.MAYWRITE |
  VM.MAYEXEC |
  VM.MAYSHARE |
  VM.PFNMAP |
  VM.LOCKED |
  VM.IO |
  VM.SEQ_READ |
  VM.RAND_READ |
  VM.DONTCOPY |
  VM.DONTEXPAND |
  (onFault.shows ? VM.LOCKONFAULT : 0n) |
  VM.DONTDUMP |
  VM.MIXEDMAP |
  VM.HUGEPAGE |
  VM.NOHUGEPAGE

/** The flags of the device's pages, and of the room above it, a line a run. */
function layout({ kernel }: Side): string[] {
  const lines: string[] = []
  for (const area of kernel.addressSpace.areas(at(PLAIN), at(PLAIN + 3 * PAGES))) {
    for (let start = area.start; start < area.end; start += BigInt(page)) {
      if (start >= at(PLAIN))
        lines.push(`${(start - START) / BigInt(page)}: ${codesOfFlags(area.flags & compared).join(' ')}`)
    }
  }
  return lines
}

function outcome(act: () => unknown): string {
  try {
    act()
    return 'done'
  } catch (error) {
    if (error instanceof VmError) return error.code
    throw error
  }
}

const specials = [
  0n,
  VM.IO,
  VM.MIXEDMAP,
  VM.DONTEXPAND,
  VM.MIXEDMAP | VM.DONTEXPAND,
  VM.PFNMAP | VM.IO | VM.DONTEXPAND,
] as const

// Not executable alone: the kernel prefaults that for mlock(2) by force, and a touch does not.
const protections = [PROT.NONE, PROT.READ, PROT.READ | PROT.WRITE, PROT.READ | PROT.WRITE | PROT.EXEC] as const

/** Advices that this very kernel knows: KSM, huge pages and guards may not be built in. */
const advices = Object.entries(MADV).filter(([name, advice]) => {
  if (['HWPOISON', 'SOFT_OFFLINE', 'REMOVE', 'COLLAPSE', 'PAGEOUT'].includes(name)) return false
  const descriptor = linux.files.memfdCreate('probe', { sealable: false })
  linux.files.ftruncate(descriptor, page)
  const probe = linux.regions.mapRegion(0n, page, PROT.READ | PROT.WRITE, MAP.SHARED, descriptor, 0, page)
  closeSync(descriptor)
  const known = outcome(() => linux.calls.madvise(probe.start, page, advice))
  probe.unmap()
  return known === 'done' || ['FREE', 'WIPEONFORK'].includes(name)
})

/** One call that can be made on both sides, in words and as a function. */
function randomCall(random: Random): [string, (kernel: Kernel) => unknown] {
  const first = random.below(PLAIN + PAGES)
  const count = 1 + random.below(PLAIN + PAGES + 1 - first)
  const [start, length] = [at(first), count * page]
  const where = `(${first}, ${count})`
  const protection = random.pick([...protections, PROT.READ | PROT.SEM, 0x40, PROT.READ | PROT.GROWSDOWN])
  const [name, advice] = random.pick(advices)
  const flags = random.pick([0, MREMAP.MAYMOVE, 8, MREMAP.DONTUNMAP, MREMAP.FIXED])
  return random.weighted([
    [6, [`mprotect${where} ${protection}`, ({ calls }) => calls.mprotect(start, length, protection)]],
    [9, [`madvise${where} ${name}`, ({ calls }) => calls.madvise(start, length, advice)]],
    [1, [`process_madvise${where} ${name}`, ({ addressSpace }) => addressSpace.advise(start, length, advice)]],
    [2, [`mlock${where}`, ({ calls }) => calls.mlock(start, length)]],
    // Before Linux 5.18 it looks for pages nevertheless, and is refused where they may not be accessed.
    [onFault.works ? 1 : 0, [`mlock2${where}`, ({ calls }) => calls.mlock2(start, length, MLOCK.ONFAULT)]],
    [2, [`munlock${where}`, ({ calls }) => calls.munlock(start, length)]],
    [1, [`mprotect of an odd address${where}`, ({ calls }) => calls.mprotect(start + 1n, length, protection)]],
    [1, [`mremap smaller or equal${where} ${flags}`, ({ calls }) => calls.mremap(start, length, length, flags)]],
  ] as [number, [string, (kernel: Kernel) => unknown]][])
}

for (const set of specials) {
  const name = codesOfFlags(set).join(' ') || 'none'
  test(`random calls on an area with the flags ${name} are answered as by the model`, besideModel, () => {
    const random = new Random(seed)
    for (let round = 0; round < (longRuns ? 12 : 4); round++) {
      const cleared = [VM.MAYREAD, VM.MAYWRITE, VM.MAYEXEC].reduce(
        (bits, bit) => (random.chance(40) ? bits | bit : bits),
        0n,
      )
      const allowed = protections.filter((protection) => ((BigInt(protection) << 4n) & cleared) === 0n)
      const held = { set, cleared, protection: random.pick(allowed) }
      const both = sides(held)
      const done: string[] = [`${codesOfFlags(cleared).join(' ')} cleared, protection ${held.protection}`]
      try {
        assert.deepEqual(layout(both[1]), layout(both[0]), done.join('\n'))
        for (let step = 0; step < 25; step++) {
          const [words, call] = randomCall(random)
          done.push(words)
          const [model, real] = both.map(({ kernel }) => outcome(() => call(kernel)))
          assert.equal(real, model, done.join('\n'))
          assert.deepEqual(layout(both[1]), layout(both[0]), done.join('\n'))
        }
      } finally {
        both[1].close()
      }
    }
  })
}

const plain = { set: 0n, cleared: 0n, protection: PROT.READ | PROT.WRITE }

function alike(held: Held, call: (side: Side) => unknown): string {
  const both = sides(held)
  try {
    const [model, real] = both.map((side) => outcome(() => call(side)))
    assert.equal(real, model)
    assert.deepEqual(layout(both[1]), layout(both[0]))
    return real!
  } finally {
    both[1].close()
  }
}

test('an area with DONTEXPAND or PFNMAP does not grow: EFAULT, by the region and by mremap', besideModel, () => {
  for (const set of [VM.DONTEXPAND, VM.PFNMAP]) {
    const held = { ...plain, set }
    assert.equal(
      alike(held, ({ device }) => device.resize((PAGES + 1) * page)),
      'EFAULT',
    )
    const grow = ({ kernel }: Side) => kernel.calls.mremap(at(PLAIN), PAGES * page, (PAGES + 1) * page, MREMAP.MAYMOVE)
    assert.equal(alike(held, grow), 'EFAULT')
    const keep = ({ kernel }: Side) =>
      kernel.calls.mremap(at(PLAIN), PAGES * page, PAGES * page, MREMAP.MAYMOVE | MREMAP.DONTUNMAP, at(PLAIN + PAGES))
    assert.equal(alike(held, keep), 'EINVAL')
  }
})

test('one without them grows where it is, and what is held with it, unless it is special', besideModel, () => {
  for (const set of [0n, VM.MIXEDMAP]) {
    const held = { set, cleared: VM.MAYEXEC, protection: PROT.READ }
    const resize = (pages: number) => alike(held, ({ device }) => device.resize(pages * page))
    const grow = ({ kernel }: Side) => kernel.calls.mremap(at(PLAIN), PAGES * page, (PAGES + 2) * page, 0)
    assert.equal(alike(held, grow), set === 0n ? 'done' : 'ENOMEM')
    if (set === 0n) assert.equal(resize(PAGES + 2), 'done')
    assert.equal(resize(1), 'done')
    const shrink = ({ kernel }: Side) => kernel.calls.mremap(at(PLAIN), PAGES * page, page, 0)
    assert.equal(alike(held, shrink), 'done')
  }
})

test("a device's area never moves: its faults are served where it is", () => {
  const side = onLinux(plain)
  try {
    const { calls } = linux
    calls.mmap(at(PLAIN + PAGES), page, PROT.NONE, MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED_NOREPLACE, -1, 0)
    assert.equal(
      outcome(() => side.device.resize((PAGES + 1) * page)),
      'ENOMEM',
    )
    const grow = () => calls.mremap(at(PLAIN), PAGES * page, (PAGES + 1) * page, MREMAP.MAYMOVE)
    assert.equal(outcome(grow), 'ENOMEM')
    const to = at(PLAIN + PAGES + 1)
    for (const flags of [MREMAP.MAYMOVE | MREMAP.FIXED, MREMAP.MAYMOVE | MREMAP.DONTUNMAP]) {
      assert.equal(
        outcome(() => calls.mremap(at(PLAIN), PAGES * page, PAGES * page, flags, to)),
        'EINVAL',
      )
    }
    // The plain memory below goes with a part of the device: that part stays.
    const across = () => calls.mremap(at(0), 4 * page, 4 * page, MREMAP.MAYMOVE | MREMAP.FIXED, to)
    assert.equal(outcome(across), 'EINVAL')
    // A duplicate would not be served either.
    assert.equal(
      outcome(() => calls.mremap(at(PLAIN), 0, page, MREMAP.MAYMOVE)),
      'EINVAL',
    )
    assert.equal(layout(side).length, PAGES + 1)
  } finally {
    side.close()
  }
})

test('REMOVE without MAYWRITE is EACCES, and of locked memory EINVAL as ever', besideModel, () => {
  const held = { set: 0n, cleared: VM.MAYWRITE, protection: PROT.READ }
  const remove = ({ kernel }: Side) => kernel.calls.madvise(at(PLAIN), page, MADV.REMOVE)
  assert.equal(alike(held, remove), 'EACCES')
  const locked = (side: Side) => {
    side.kernel.calls.mlock(at(PLAIN), page)
    remove(side)
  }
  assert.equal(alike(held, locked), 'EINVAL')
})

test('a region refuses a protection that may never be, and nothing of it has changed', () => {
  const held = { set: 0n, cleared: VM.MAYWRITE, protection: PROT.READ }
  const side = onLinux({ ...held, cleared: 0n })
  try {
    const device = side.device as LinuxRegion
    device.holdFlags(2 * page, page, 0n, VM.MAYWRITE)
    const before = layout(side)
    const refused = () => device.protect(0, 4 * page, PROT.READ | PROT.WRITE, PROT.READ)
    assert.equal(outcome(refused), 'EACCES')
    assert.deepEqual(layout(side), before)
    // mprotect(2) goes area by area, and those before the one that refuses stay changed.
    assert.equal(
      outcome(() => linux.calls.mprotect(at(PLAIN), 4 * page, PROT.READ | PROT.WRITE)),
      'EACCES',
    )
    const writable = layout(side).map((line) => / wr /.test(line))
    assert.deepEqual(writable, [true, true, false, false, false, false])
  } finally {
    side.close()
  }
})

test('mlockall passes over what is special', besideModel, () => {
  const flags = MLOCK.MCL_CURRENT | MLOCK.MCL_ONFAULT
  const both = sides({ ...plain, set: VM.DONTEXPAND })
  // V8 gives back pages by MADV_DONTNEED on a thread of its own, and ends the process where that fails, as it does on locked memory: all
  // that it has to give back goes now, and on this thread.
  setFlagsFromString('--no-concurrent-sweeping')
  globalThis.gc!()
  try {
    linux.calls.mlockall(flags)
    both[0].kernel.calls.mlockall(flags)
    assert.deepEqual(layout(both[1]), layout(both[0]))
    assert.doesNotMatch(layout(both[1]).join(), / lo/)
  } finally {
    linux.calls.munlockall()
    setFlagsFromString('--concurrent-sweeping')
    both[1].close()
  }
})

test('splitting and merging carry what is held; what differs or is special does not become one', () => {
  const side = onLinux({ ...plain, set: VM.IO })
  try {
    const device = side.device as LinuxRegion
    const before = layout(side)
    const rest = device.split(2 * page)
    assert.deepEqual(layout(side), before)
    device.absorb(rest) // it is one area still
    const again = device.split(2 * page)
    again.holdFlags(0, again.length, VM.DONTEXPAND, 0n)
    assert.throws(() => device.absorb(again), { code: 'EINVAL' })
    assert.throws(() => again.resize(again.length + page), { code: 'EFAULT' })
    again.unmap()
  } finally {
    side.close()
  }
})

test('what is held goes with the memory: by unmap, munmap, MAP_FIXED and replacing', () => {
  const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED
  const ways: ((side: Side) => void)[] = [
    () => linux.calls.munmap(at(PLAIN), page),
    () => linux.calls.mmap(at(PLAIN), 1, PROT.READ, flags, -1, 0),
    ({ device }) => device.replaceByNothing(0, page),
    ({ device }) => device.unmap(),
    ({ device }) => {
      device.split(page)
      device.unmap()
    },
  ]
  for (const [index, way] of ways.entries()) {
    const side = onLinux({ ...plain, set: VM.IO, cleared: VM.MAYEXEC })
    try {
      way(side)
      linux.calls.mmap(at(PLAIN), page, PROT.READ, flags, -1, 0)
      const { flags: now } = linux.addressSpace.lookup(at(PLAIN))!
      assert.equal(now & (VM.IO | VM.MAYEXEC), VM.MAYEXEC, `way ${index}`)
      linux.calls.munmap(at(PLAIN), page)
    } finally {
      side.close()
    }
  }
})

test('every thread sees what is held, and is refused alike', async () => {
  const side = onLinux({ set: VM.MIXEDMAP | VM.IO, cleared: VM.MAYWRITE, protection: PROT.READ })
  try {
    const source = `
      const { parentPort } = require('node:worker_threads')
      import(${JSON.stringify(import.meta.resolve('#vmarea/this-process.js'))}).then(({ thisProcess }) => {
        const { kernel } = thisProcess()
        const area = kernel.addressSpace.lookup(${at(PLAIN)}n)
        let code
        try { kernel.calls.mprotect(${at(PLAIN)}n, ${page}, 3) } catch (error) { code = error.code }
        const listed = [...kernel.addressSpace.areas(${START}n, ${at(PLAIN + 1)}n, { usage: true })].at(-1)
        parentPort.postMessage([area.flags, listed.flags, code])
      })`
    const worker = new Worker(source, { eval: true })
    const [flags, listed, code] = await new Promise<[bigint, bigint, string]>((resolve, reject) => {
      worker.once('message', resolve).once('error', reject)
    })
    await worker.terminate()
    for (const seen of [flags, listed]) {
      assert.equal(seen & (VM.MIXEDMAP | VM.IO | VM.MAYWRITE | VM.MAYREAD), VM.MIXEDMAP | VM.IO | VM.MAYREAD)
    }
    assert.equal(code, 'EACCES')
  } finally {
    side.close()
  }
})

test('a part outside the region, or of broken pages, is refused', () => {
  const side = onLinux(plain)
  try {
    const device = side.device as LinuxRegion
    assert.throws(() => device.holdFlags(0, (PAGES + 1) * page, VM.IO, 0n), { code: 'EINVAL' })
    assert.throws(() => device.holdFlags(1, page, VM.IO, 0n), { code: 'EINVAL' })
    device.unmap()
    assert.throws(() => device.holdFlags(0, page, VM.IO, 0n), { code: 'ERR_VMAREA_UNMAPPED' })
  } finally {
    side.close()
  }
})
