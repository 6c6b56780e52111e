// The table of docs/drivers.md, "Who holds which flag", against both kernels: the same driver module on each, and on this one through each
// source of faults.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import type { ProbeOptions } from '#vmarea/conformance/drivers/probe-options.js'
import type { Kernel } from '#vmarea/kernel/kernel.js'
import type { Region } from '#vmarea/kernel/region.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { eachSource } from '../pager/support/each-source.js'
import probe from '../published/drivers/probe.js'
import * as vmarea from '../published/index.js'
import {
  type Device,
  type DeviceOptions,
  pageSize,
  thisProcess,
  VM,
  VM_FLAG_CODES,
  VmError,
} from '../published/index.js'
import { Machine } from '../published/model.js'
import { placeApart } from '../support/place-apart.js'
import { CALLS, type FlagRow, flagTable } from './flag-table.js'

const page = pageSize()
const module = import.meta.resolve('../published/drivers/probe.js')
const rows = flagTable()
/** With room above. */
const START = placeApart(2 * page)

interface Side {
  readonly kernel: Kernel
  readonly device: Device
  /** How the kernel itself says that an area has the flag. The model's own flags are the kernel's. */
  kernelHas(start: bigint, flag: FlagRow['flag']): boolean
  /** Whether a child of fork(2) has the area. */
  childHas(start: bigint): boolean
}

const ACTIONS: { readonly [call in (typeof CALLS)[number]]: (kernel: Kernel, region: Region) => void } = {
  read: ({ calls }, { start }) => calls.mprotect(start, page, PROT.READ),
  write: ({ calls }, { start }) => calls.mprotect(start, page, PROT.WRITE),
  execute: ({ calls }, { start }) => calls.mprotect(start, page, PROT.EXEC),
  grow: (_kernel, region) => region.resize(region.length + page),
  dofork: ({ calls }, { start }) => calls.madvise(start, page, MADV.DOFORK),
  dodump: ({ calls }, { start }) => calls.madvise(start, page, MADV.DODUMP),
  populate_read: ({ calls }, { start }) => calls.madvise(start, page, MADV.POPULATE_READ),
}

/** What `device` gives of an area with room above it. It may be read, unless the driver wants to forbid that. */
function withArea<Result>({ device }: Side, row: FlagRow, shared: boolean, use: (region: Region) => Result) {
  const protection = row.setUp.includes('tryClearMayread') ? PROT.NONE : PROT.READ
  const flags = (shared ? MAP.SHARED : MAP.PRIVATE) | MAP.FIXED_NOREPLACE
  const region = device.asRaw().map(START, 2 * page, protection, flags, 0)
  try {
    return use(region)
  } finally {
    region.unmap()
  }
}

function shows({ kernel }: Side, start: bigint, flag: FlagRow['flag']): boolean {
  return (kernel.addressSpace.lookup(start)!.flags & VM[flag]) !== 0n
}

function answer(act: () => void): string {
  try {
    act()
    return 'yes'
  } catch (error) {
    if (error instanceof VmError) return error.code
    throw error
  }
}

/** What the row says is so. */
function check(side: Side, row: FlagRow, shared: boolean, library: 'held' | 'none'): void {
  withArea(side, row, shared, ({ start }) => {
    assert.equal(shows(side, start, row.flag), !row.clears, 'what flags shows')
    // What the library holds is to the kernel as if the driver had not been there.
    const inKernel = library === 'none' || row.holder === 'kernel' ? !row.clears : row.clears
    assert.equal(side.kernelHas(start, row.flag), inKernel, 'what the kernel shows')
    assert.equal(side.childHas(start), row.inChild, 'in a child')
  })
  for (const call of CALLS) {
    withArea(side, row, shared, (region) => {
      assert.equal(
        answer(() => ACTIONS[call](side.kernel, region)),
        row.answers[call],
        call,
      )
      // Nothing but what is said to undo it does.
      const undone = call === row.undoneBy
      assert.equal(shows(side, region.start, row.flag), undone === row.clears, `flags after ${call}`)
      if (undone) assert.equal(side.kernelHas(region.start, row.flag), false, `the kernel's flags after ${call}`)
    })
  }
}

test('the table has a row for all that VmaNew sets and clears', async () => {
  const { VmaNew } = await import('../published/device.js')
  const calls = Object.getOwnPropertyNames(VmaNew.prototype).filter((name) => /^(set|tryClear)/.test(name))
  const alone = rows.filter(({ setUp }) => setUp.length === 1).map(({ setUp }) => setUp[0]!)
  assert.deepEqual(alone.toSorted(), calls.sort())
})

for (const shared of [true, false]) {
  const kind = shared ? 'shared' : 'private'
  for (const row of rows) {
    test(`${row.title} on a ${kind} area of the model is as the table says`, async () => {
      const program = new Machine().spawn()
      await using device = await program.openDevice(probe, options(row))
      const side: Side = {
        kernel: program.kernel,
        device,
        kernelHas: (start, flag) => shows(side, start, flag),
        childHas: (start) => program.fork().kernel.addressSpace.lookup(start) !== undefined,
      }
      check(side, row, shared, 'none')
    })
  }
}

eachSource(vmarea, ({ openDevice, skip }) => {
  for (const shared of [true, false]) {
    describe(`on a ${shared ? 'shared' : 'private'} area`, () => {
      for (const row of rows) {
        test(`${row.title} is as the table says`, { skip }, async () => {
          await using device = await openDevice(module, options(row))
          const { kernel } = thisProcess()
          const kernelHas = (start: bigint, flag: FlagRow['flag']) => kernelFlags(start).includes(VM_FLAG_CODES[flag]!)
          // A process of Node's can't fork itself: what the kernel would do stands in its flags.
          const side: Side = { kernel, device, kernelHas, childHas: (start) => !kernelHas(start, 'DONTCOPY') }
          check(side, row, shared, 'held')
        })
      }
    })
  }
})

function options({ setUp }: FlagRow): DeviceOptions<ProbeOptions> {
  return { driver: { size: 4 * page, setUp } }
}

/** The two-letter codes that the kernel itself has for an area. */
function kernelFlags(start: bigint): string[] {
  // The area may be the first of all.
  const smaps = `\n${readFileSync('/proc/self/smaps', 'latin1')}`
  const area = smaps.indexOf(`\n${start.toString(16).padStart(8, '0')}-`)
  assert.notEqual(area, -1, 'the area is in smaps')
  return /VmFlags: (.*)/.exec(smaps.slice(area))![1]!.trim().split(' ')
}
