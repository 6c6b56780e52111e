// After tryClearMaywrite no way of the library makes an area writable; and what is written to a private area never reaches the device.
import assert from 'node:assert/strict'
import { closeSync, openSync, writeSync } from 'node:fs'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { ProbeOptions } from '#vmarea/conformance/drivers/probe-options.js'
import { MADV } from '#vmarea/vocabulary/madv.js'
import { MAP } from '#vmarea/vocabulary/map.js'
import { MREMAP } from '#vmarea/vocabulary/mremap.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { eachSource } from '../pager/support/each-source.js'
import * as vmarea from '../published/index.js'
import { type Device, Mmap, MmapMut, pageSize, thisProcess, Userfaultfd, VM, VmError } from '../published/index.js'
import { whyWithout } from '../userfaultfd/why-without.js'

const page = pageSize()
const module = import.meta.resolve('../published/drivers/probe.js')
const { kernel } = thisProcess()
const PAGES = 4
/** A byte of a page behind what the driver of the suite counts there: it is the page's number. */
const BYTE = 200
type Writable = Pick<MmapMut, 'write' | 'writeAsync'>
const bytes = (value: number, length = 1) => new Uint8Array(length).fill(value)

/**
 * Takes the place of a page of the library's memory by one that may not be written either. A hole there could become another thread's memory,
 * and the library would unmap it with its own.
 */
function fill(start: bigint, fixed: number): void {
  const descriptor = openSync('/proc/self/exe', 'r')
  try {
    kernel.calls.mmap(start, page, PROT.READ, MAP.SHARED | fixed, descriptor, 0)
  } finally {
    closeSync(descriptor)
  }
}

/** Each tries to make the memory writable, or to write to it. What it throws is not looked at: what came of it is. */
const ways: { readonly [way: string]: (memory: Mmap) => unknown } = {
  makeMut: (memory) => memory.makeMut(),
  makeExecMut: (memory) => memory.makeExecMut(),
  'MmapMut.from': (memory) => MmapMut.from(memory),
  'makeNone, then makeMut': (memory) => Mmap.from(memory.makeNone()).makeMut(),
  'makeExec, then makeExecMut': (memory) => memory.makeExec().makeExecMut(),
  'splitOff, then makeMut of both': (memory) => both(memory.splitOff(page), memory),
  'splitTo, then makeMut of both': (memory) => both(memory.splitTo(page), memory),
  'a split, a merge, then makeMut': (memory) => {
    memory.merge(memory.splitOff(2 * page))
    memory.makeMut()
  },
  'a smaller resize, then makeMut': (memory) => {
    memory.resize(2 * page)
    memory.makeMut()
  },
  'write by the handle': (memory) => (memory as unknown as Writable).write(BYTE, bytes(99)),
  'writeAsync by the handle': (memory) => (memory as unknown as Writable).writeAsync(BYTE, bytes(99)),
  'a store to bytes': (memory) => memory.access((view) => ((view as Uint8Array)[BYTE] = 99)),
  'mprotect(2)': ({ start }) => kernel.calls.mprotect(start, page, PROT.READ | PROT.WRITE),
  'mprotect(2), of more than the area': ({ start, size }) =>
    kernel.calls.mprotect(start, size + page, PROT.READ | PROT.WRITE),
  'mprotect(2) without reading': ({ start }) => kernel.calls.mprotect(start, page, PROT.WRITE),
  'mremap(2) to another place': ({ start }) => {
    const to = kernel.calls.mmap(0n, page, PROT.NONE, MAP.PRIVATE | MAP.ANONYMOUS, -1, 0)
    try {
      kernel.calls.mremap(start, page, page, MREMAP.MAYMOVE | MREMAP.FIXED, to)
      fill(start, MAP.FIXED_NOREPLACE)
      kernel.calls.mprotect(to, page, PROT.READ | PROT.WRITE)
    } finally {
      kernel.calls.munmap(to, page)
    }
  },
  'mremap(2) that duplicates': ({ start }) => {
    const to = kernel.calls.mremap(start, 0, page, MREMAP.MAYMOVE)
    kernel.calls.mprotect(to, page, PROT.READ | PROT.WRITE)
  },
  'madvise(2) REMOVE': ({ start }) => kernel.calls.madvise(start, page, MADV.REMOVE),
  'madvise(2) POPULATE_WRITE': ({ start }) => kernel.calls.madvise(start, page, MADV.POPULATE_WRITE),
  'madvise(2) DONTNEED, then mprotect(2)': ({ start }) => {
    kernel.calls.madvise(start, page, MADV.DONTNEED)
    kernel.calls.mprotect(start, page, PROT.READ | PROT.WRITE)
  },
  'process_madvise(2) POPULATE_WRITE': ({ start }) => kernel.addressSpace.advise(start, page, MADV.POPULATE_WRITE),
  'mmap(2) in its place, and a store there': ({ start }) => {
    const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED
    kernel.calls.mmap(start, page, PROT.READ | PROT.WRITE, flags, -1, 0)
    kernel.calls.madvise(start, page, MADV.POPULATE_WRITE)
    fill(start, MAP.FIXED)
  },
  'mprotect(2) on another thread': ({ start }) => elsewhere(start),
}

function both(first: Mmap, second: Mmap): void {
  for (const part of [first, second]) answer(() => part.makeMut())
}

async function elsewhere(start: bigint): Promise<void> {
  const source = `
    import(${JSON.stringify(import.meta.resolve('#vmarea/this-process.js'))}).then(({ thisProcess }) => {
      try { thisProcess().kernel.calls.mprotect(${start}n, ${page}, ${PROT.READ | PROT.WRITE}) } catch {}
    })`
  const worker = new Worker(source, { eval: true })
  await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))
}

function answer(act: () => unknown): string {
  try {
    act()
    return 'done'
  } catch (error) {
    return error instanceof VmError ? error.code : String(error)
  }
}

/** The flags of all areas in `[start, start + length)`, or-ed. */
function flagsIn(start: bigint, length: number): bigint {
  return [...kernel.addressSpace.areas(start, start + BigInt(length))].reduce((flags, area) => flags | area.flags, 0n)
}

/** What another map of the device reads there. */
async function seen(device: Device, offset: number): Promise<number> {
  using other = device.map()
  return (await other.readAsync(offset, bytes(0)))[0]!
}

eachSource(vmarea, ({ openDevice, skip }) => {
  for (const shared of [true, false]) {
    const kind = shared ? 'shared' : 'private'

    test(`no call makes a ${kind} area writable after tryClearMaywrite`, { skip }, async (context) => {
      const driver: ProbeOptions = { size: PAGES * page, setUp: ['tryClearMaywrite'] }
      await using device = await openDevice(module, { driver })
      for (const [way, attempt] of Object.entries(ways)) {
        await context.test(way, async () => {
          const memory = device.map({ shared })
          const [start, size] = [memory.start, memory.size]
          await memory.readAsync(0, bytes(0, size))
          await (async () => attempt(memory))().catch(() => {})
          assert.equal(flagsIn(start, size) & (VM.WRITE | VM.MAYWRITE), 0n)
          assert.equal(await seen(device, BYTE), 0)
        })
      }
    })

    test(`no userfaultfd of the program's copies into a ${kind} area`, {
      skip: skip || whyWithout(Userfaultfd, []),
    }, async () => {
      await using device = await openDevice(module, { driver: { size: PAGES * page, setUp: ['tryClearMaywrite'] } })
      using memory = device.map({ shared })
      const uffd = Userfaultfd.create()
      try {
        const register = () => uffd.register(memory.start, page, ['missing'])
        assert.throws(register, { code: 'EINVAL' })
        // The kernel takes an answer from any userfaultfd.
        assert.throws(() => uffd.copy(memory.start, page, bytes(99, page)), { code: 'ENOENT' })
        assert.throws(() => uffd.zero(memory.start, page), { code: 'ENOENT' })
        assert.throws(() => uffd.continue(memory.start, page), { code: 'ENOENT' })
        assert.throws(() => uffd.poison(memory.start, page), { code: 'ENOENT' })
        assert.throws(() => uffd.writeProtect(memory.start, page), { code: 'ENOENT' })
        assert.throws(() => uffd.unregister(memory.start, page), { code: 'EINVAL' })
        assert.equal(await seen(device, BYTE), 0)
        // Nor when nobody serves it any more.
        await device.close()
        assert.throws(register, { code: 'EINVAL' })
      } finally {
        uffd.close({ missing: 'zero' })
      }
    })
  }

  test('a driver that forbids writing is never mapped for it', { skip }, async () => {
    await using device = await openDevice(module, { driver: { size: page, setUp: ['tryClearMaywrite'] } })
    for (const shared of [true, false]) {
      assert.throws(() => device.map({ shared, protection: 'write' }), { code: 'EINVAL' })
    }
  })

  test('no write to a private area reaches the device by any call', { skip }, async (context) => {
    const writes: { readonly [way: string]: (memory: MmapMut) => unknown } = {
      bytes: (memory) => (memory.bytes[BYTE] = 99),
      write: (memory) => memory.write(BYTE, bytes(99)),
      writeAsync: (memory) => memory.writeAsync(BYTE, bytes(99)),
      'flush after write': async (memory) => {
        memory.write(BYTE, bytes(99))
        await memory.flush()
      },
      'splitOff, then write': (memory) => memory.splitTo(page).write(BYTE, bytes(99)),
      '/proc/self/mem': (memory) => {
        memory.read(0, bytes(0))
        const file = openSync('/proc/self/mem', 'r+')
        try {
          writeSync(file, bytes(99), 0, 1, Number(memory.start) + BYTE)
        } finally {
          closeSync(file)
        }
      },
      'write, then DONTNEED': (memory) => {
        memory.write(BYTE, bytes(99))
        kernel.calls.madvise(memory.start, page, MADV.DONTNEED)
      },
      REMOVE: (memory) => answer(() => kernel.calls.madvise(memory.start, page, MADV.REMOVE)),
    }
    await using device = await openDevice(module, { driver: { size: PAGES * page } })
    for (const [way, write] of Object.entries(writes)) {
      await context.test(way, async () => {
        const memory = device.map({ protection: 'write' })
        const { start } = memory
        assert.equal(await seen(device, BYTE), 0)
        await write(memory)
        // Where it was written, and not thrown away again, the program has a copy of its own.
        assert.equal(await ownByte(start + BigInt(BYTE)), /DONTNEED|REMOVE/.test(way) ? 0 : 99)
        assert.equal(await seen(device, BYTE), 0)
        assert.equal(device.statistics.fills, 1, 'its page is the first that was filled')
      })
    }

    async function ownByte(address: bigint): Promise<number> {
      // Shows the page again where an advice has taken it away.
      const region = kernel.regions.regionAt(address)!
      const target = bytes(0)
      await region.readAsync(Number(address - region.start), target)
      return target[0]!
    }
  })
})
