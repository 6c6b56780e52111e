import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Area } from '#vmarea/kernel/area.js'
import type { FileOperations } from '#vmarea/kernel/file-operations.js'
import { Machine } from '#vmarea/model.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'

// What the drivers of the running kernel that can be had here do not show; `live-drivers.test.ts` has the rest.

const PAGE = 4096
const RW = PROT.READ | PROT.WRITE

function open(operations: FileOperations, pages: number) {
  const machine = new Machine()
  const process = machine.spawn()
  const { calls, devices, addressSpace } = process.kernel
  const descriptor = devices.openDevice(operations, { size: pages * PAGE })
  const start = calls.mmap(0n, pages * PAGE, RW, MAP.SHARED, descriptor, 0)
  const areas = () =>
    [...addressSpace.areas(start, start + BigInt(pages * PAGE))].map(
      (area) => `${(area.start - start) / BigInt(PAGE)}-${(area.end - start) / BigInt(PAGE)}`,
    )
  return { machine, process, calls, descriptor, start, areas }
}

test('can_merge_remove_vma: an area that has a close hook is never merged away', () => {
  for (const closes of [false, true]) {
    const { machine, calls, start, areas } = open(closes ? { mmap() {}, closeArea() {} } : { mmap() {} }, 3)
    const second = start + BigInt(PAGE)
    calls.mprotect(second, PAGE, PROT.READ)
    assert.deepEqual(areas(), ['0-1', '1-2', '2-3'])
    calls.mprotect(second, PAGE, RW)
    assert.deepEqual(areas(), closes ? ['0-1', '1-2', '2-3'] : ['0-3'])
    machine.checkInvariants()
  }
})

test('__split_vma, dup_mmap, remove_vma: each area that comes to be is opened, and each that goes is closed, once', () => {
  const open_: bigint[] = []
  const closed: bigint[] = []
  const operations: FileOperations = {
    mmap() {},
    openArea: (area: Area) => void open_.push(area.start),
    closeArea: (area: Area) => void closed.push(area.start),
  }
  const { machine, process, calls, start } = open(operations, 3)
  const [second, third] = [start + BigInt(PAGE), start + BigInt(2 * PAGE)]
  assert.deepEqual(open_, [], 'the mmap hook, not the open hook, is called for the first one')
  calls.munmap(second, PAGE)
  assert.deepEqual([open_.splice(0), closed.splice(0)], [[start, third], [second]])
  const child = process.fork()
  assert.deepEqual([open_.splice(0), closed.splice(0)], [[start, third], []])
  child.exit()
  assert.deepEqual([open_.splice(0), closed.splice(0)], [[], [start, third]])
  process.exit()
  assert.deepEqual([open_, closed], [[], [start, third]])
  machine.checkInvariants()
})

test('a call throws what its open or close hook throws, after it is done; and no hook changes the layout', () => {
  const deadlock: unknown[] = []
  const opened = open(
    {
      mmap() {},
      openArea(area) {
        try {
          opened.calls.munmap(area.start, PAGE)
        } catch (error) {
          deadlock.push((error as VmError).code)
        }
        throw new VmError('ENOMEM', 'open')
      },
    },
    3,
  )
  assert.throws(() => opened.calls.mprotect(opened.start, PAGE, PROT.READ), { code: 'ENOMEM', syscall: 'open' })
  assert.deepEqual(opened.areas(), ['0-1', '1-3'])
  assert.deepEqual(deadlock, ['EDEADLK'])
  opened.calls.mprotect(opened.start, PAGE, PROT.READ)
  opened.machine.checkInvariants()
})

test('may_split: what a driver throws is the error of the call, and nothing is cut', () => {
  const { machine, calls, start, areas } = open(
    {
      mmap() {},
      maySplit() {
        throw new VmError('EBUSY', 'may_split')
      },
    },
    3,
  )
  const second = start + BigInt(PAGE)
  assert.throws(() => calls.munmap(second, PAGE), { code: 'EBUSY' })
  assert.throws(() => calls.mprotect(start, PAGE, PROT.READ), { code: 'EBUSY' })
  assert.throws(() => calls.munmap(start, PAGE), { code: 'EBUSY' })
  assert.deepEqual(areas(), ['0-3'])
  calls.munmap(start, 3 * PAGE)
  machine.checkInvariants()
})

test('get_unmapped_area: a driver chooses the place of its areas, or leaves it to the kernel', () => {
  const place = 0x7000_0000_0000n
  const asked: unknown[] = []
  const { calls, descriptor, start } = open(
    {
      mmap() {},
      getUnmappedArea(hint, length, offset) {
        asked.push([hint, length, offset])
        return hint === 0n ? undefined : place
      },
    },
    2,
  )
  assert.notEqual(start, place)
  assert.equal(calls.mmap(0x10_0000n, PAGE, RW, MAP.SHARED, descriptor, PAGE), place)
  assert.deepEqual(asked, [
    [0n, 2 * PAGE, 0],
    [0x10_0000n, PAGE, PAGE],
  ])
})
