import type { Device } from '../device/device.js'
import type { DeviceOptions } from '../device/device-options.js'
import { Mmap } from '../mapping/handle/mmap.js'
import { MmapMut } from '../mapping/handle/mmap-mut.js'
import type { Process } from '../process.js'
import { PROT } from '../vocabulary/prot.js'
import { VM } from '../vocabulary/vm.js'
import { byteAt } from './byte-at.js'
import type { ConformanceCase, ConformanceCases, Subject } from './conformance-case.js'
import { PROBE, PROBE_HEAD, type ProbeOptions } from './drivers/probe-options.js'
import { expect } from './expect.js'
import { expectError } from './expect-error.js'
import { expectRejection } from './expect-rejection.js'

/** A module in `drivers/`, as both kernels load it. */
function driver(name: string): string {
  return new URL(`./drivers/${name}.js`, import.meta.url).href
}

function open(process: Process, probe: ProbeOptions, options: Omit<DeviceOptions, 'driver'> = {}): Promise<Device> {
  return process.openDevice<ProbeOptions>(driver('probe'), { timeout: 20_000, ...options, driver: probe })
}

type Memory = { read<T extends ArrayBufferView>(offset: number, target: T): T }

/** What stands in the head of a page that the driver filled. */
function told(memory: Memory, offset: number, what: keyof typeof PROBE): number {
  return new DataView(memory.read(offset, new Uint8Array(PROBE_HEAD)).buffer).getUint32(4 * PROBE[what], true)
}

function flagsAt(process: Process, address: bigint): bigint {
  using user = process.mm.mmgetNotZero()!
  using guard = user.mmapReadLock()
  return guard.vmaLookup(address)!.flags
}

/** The innermost error of a chain of causes. */
function root(error: unknown): Error {
  const { cause } = error as Error
  return cause instanceof Error ? root(cause) : (error as Error)
}

/** What a bad access throws. */
function faultOf(act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    expectError(
      () => {
        throw error
      },
      { code: 'ERR_VMAREA_FAULT' },
    )
    return error as Error
  }
  throw new Error('expected a fault, and there was none')
}

/** Opens a device of 16 pages, and leaves nothing of it behind. */
function withDevice(
  probe: (page: number) => ProbeOptions,
  run: (device: Device, subject: Subject) => void | Promise<void>,
  options: (page: number) => Omit<DeviceOptions, 'driver'> = () => ({}),
): ConformanceCase {
  return {
    needs: ['devices'],
    async run(subject) {
      const { process, page } = subject
      await using device = await open(process, { size: 16 * page, ...probe(page) }, { run: page, ...options(page) })
      await run(device, subject)
    },
  }
}

const plain = () => ({})

export const deviceCases: ConformanceCases = {
  // ---- hooks ----

  'a fault fills the page that the program sees, once': withDevice(plain, (device, { page }) => {
    using memory = device.map()
    expect(memory.size, 16 * page, 'size')
    expect(byteAt(memory, 3 * page + 100), 3, 'a byte of page 3')
    expect(told(memory, 3 * page, 'fills'), 1, 'fills')
    expect(byteAt(memory, 3 * page + 200), 3, 'another one')
    expect(byteAt(memory, 5 * page + 100), 5, 'a byte of page 5')
    expect(told(memory, 5 * page, 'fills'), 2, 'fills')
    expect(told(memory, 3 * page, 'fills'), 1, 'what page 3 was filled with')
  }),
  'a page that one map has is there for all': withDevice(plain, (device, { page }) => {
    using one = device.map({ shared: true })
    using other = device.map()
    using third = device.map({ offset: 3 * page, length: page })
    expect([byteAt(one, 3 * page + 100), byteAt(other, 3 * page + 100), byteAt(third, 100)], [3, 3, 3], 'bytes')
    expect(told(third, 0, 'fills'), 1, 'fills')
    expect(device.statistics.fills, 1, 'fills in the statistics')
  }),
  'open is called before mmap, and mmap before the first fault, for each map': withDevice(plain, (device, { page }) => {
    using memory = device.map({ length: page })
    expect([told(memory, 0, 'opens'), told(memory, 0, 'maps')], [1, 1], 'opens and maps')
    using other = device.map({ offset: page, length: page })
    expect([told(other, 0, 'opens'), told(other, 0, 'maps')], [1, 2], 'opens and maps')
  }),
  'an asynchronous hook is waited for': withDevice(
    () => ({ fault: 'later' }),
    async (device, { page }) => {
      using memory = device.map()
      const seen = await memory.readAsync(2 * page - 1, new Uint8Array(2 + PROBE_HEAD))
      expect([seen[0], seen[1]], [1, 2], 'bytes')
      expect(byteAt(memory, page + 100), 1, 'at once, now')
    },
  ),
  'many asynchronous faults wait at a time': withDevice(
    () => ({ fault: 'later' }),
    async (device, { page }) => {
      using memory = device.map()
      const pages = [0, 3, 5, 7, 9, 11, 13, 15]
      const seen = await Promise.all(pages.map((at) => memory.readAsync(at * page + 100, new Uint8Array(1))))
      expect(
        seen.map(([byte]) => byte),
        pages,
        'bytes',
      )
      expect(device.statistics.fills, 8, 'fills')
      expect(device.statistics.waiting, 0, 'waiting')
    },
  ),
  'those who wait for one page are served by one fill': withDevice(
    () => ({ fault: 'later' }),
    async (device, { page }) => {
      using one = device.map()
      using other = device.map()
      const reads = [one, other, one].map((memory) => memory.readAsync(page, new Uint8Array(PROBE_HEAD)))
      for (const head of await Promise.all(reads)) {
        expect(new DataView(head.buffer).getUint32(4 * PROBE.fills, true), 1, 'fills')
      }
    },
  ),
  'a hook may answer with a page of its own': withDevice(
    () => ({ fault: 'with its own page' }),
    (device, { page }) => {
      using memory = device.map()
      expect([byteAt(memory, page + 100), byteAt(memory, 2 * page + 100)], [1, 2], 'bytes')
      expect(told(memory, page, 'fills'), 1, 'fills')
    },
  ),
  'a hook may look the area up and insert a page of its own': withDevice(
    () => ({ fault: 'by inserting its own page', setUp: ['setMixedmap'] }),
    (device, { page }) => {
      using memory = device.map()
      for (const at of [1, 2, 1]) expect(byteAt(memory, at * page + 100), at, `a byte of page ${at}`)
      expect(told(memory, page, 'fills'), 1, 'fills')
    },
  ),
  'a fault that throws is that access’s fault, with its cause, and the pages beside it go on': withDevice(
    () => ({ broken: [[1, 1_000_000]] }),
    (device, { page }) => {
      using memory = device.map()
      expect(byteAt(memory, 100), 0, 'page 0')
      const fault = faultOf(() => byteAt(memory, page + 7))
      expect(Reflect.get(fault, 'reason'), 'driver', 'reason')
      expect(Reflect.get(fault, 'access'), 'read', 'access')
      expect(Reflect.get(fault.cause as Error, 'code'), 'EIO', 'code')
      expect(root(fault).message, 'page 1 is broken', 'cause')
      expect(byteAt(memory, 2 * page + 100), 2, 'page 2')
      expect(device.state, 'serving', 'state')
      expect(device.statistics.failures >= 1, true, 'failures')
    },
  ),
  'a VmError of the fault hook is the cause as it is': withDevice(
    () => ({ broken: [[0, 1_000_000]], brokenWith: 'VmError' }),
    (device) => {
      using memory = device.map()
      const { cause } = faultOf(() => byteAt(memory, 0))
      expect([Reflect.get(cause as Error, 'code'), Reflect.get(cause as Error, 'syscall')], ['ENOSPC', 'read'], 'cause')
    },
  ),
  'a page that could not be had is asked for again': withDevice(
    () => ({ broken: [[1, 1]] }),
    (device, { page }) => {
      using memory = device.map()
      faultOf(() => byteAt(memory, page))
      expect(byteAt(memory, page + 100), 1, 'the second time')
    },
  ),
  'a page past the end of the device is past the end of a file': withDevice(
    (page) => ({ size: page + 5 }),
    (device, { page }) => {
      expect(device.size, page + 5, 'size')
      using memory = device.map({ length: 3 * page })
      expect(byteAt(memory, page + 100), 1, 'the last page, whole')
      expectError(() => byteAt(memory, 2 * page), { code: 'ERR_VMAREA_FAULT', reason: 'past-end-of-file' })
      using whole = device.map()
      expect(whole.size, page + 5, 'size of the whole')
    },
  ),
  'a device without an end must be told how much to map': withDevice(
    () => ({ size: undefined as unknown as number }),
    (device, { page }) => {
      expect(device.size, Infinity, 'size')
      expectError(() => device.map(), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
      using memory = device.map({ offset: 2 ** 30, length: page })
      expect(told(memory, 0, 'page'), 2 ** 30 / page, 'page')
    },
  ),
  'an offset need not lie on a page': withDevice(plain, (device, { page }) => {
    using memory = device.map({ offset: 2 * page + 100, length: page })
    expect(memory.size, page, 'size')
    expect([byteAt(memory, 0), byteAt(memory, page - 101), byteAt(memory, page - 1)], [2, 2, 3], 'bytes')
    expectError(() => device.map({ offset: 17 * page }), { code: 'ERR_VMAREA_OUT_OF_RANGE' })
    expectError(() => device.map({ offset: 16 * page }), { code: 'ERR_VMAREA_OUT_OF_RANGE' })
  }),
  'protection gives the handle its type': withDevice(plain, (device) => {
    using read = device.map()
    using write = device.map({ protection: 'write' })
    expect([read instanceof Mmap, write instanceof MmapMut], [true, true], 'types')
    expectError(() => device.map({ protection: 'execute' as 'read' }), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
  }),

  // ---- writing ----

  'a private write never reaches the device': withDevice(plain, (device, { page }) => {
    using own = device.map({ protection: 'write' })
    using shared = device.map({ shared: true })
    own.write(100, new Uint8Array([99]))
    own.write(page + 100, new Uint8Array([99]))
    expect(byteAt(shared, page + 100), 1, 'the device’s page')
    expect(byteAt(shared, 100), 0, 'the device’s page')
    expect([byteAt(own, 100), byteAt(own, 101)], [99, 0], 'its own')
    using later = device.map()
    expect(byteAt(later, 100), 0, 'in a map made later')
  }),
  'a shared write is seen in every shared map': withDevice(plain, (device, { page }) => {
    using one = device.map({ protection: 'write', shared: true })
    using other = device.map({ shared: true })
    one.write(2 * page + 100, new Uint8Array([99]))
    expect([byteAt(other, 2 * page + 100), byteAt(other, 2 * page + 101)], [99, 2], 'bytes')
  }),
  'pageMkwrite is asked before a page of a shared map is written, once': withDevice(
    () => ({ pageMkwrite: 'allow' }),
    (device, { page }) => {
      using memory = device.map({ protection: 'write', shared: true })
      const asked = (at: number) => told(memory, at * page, 'writes')
      expect(byteAt(memory, 100), 0, 'a read')
      expect(asked(1), 0, 'after a read')
      memory.write(100, new Uint8Array([99]))
      memory.write(200, new Uint8Array([98]))
      expect(asked(2), 1, 'after writes to one page')
      memory.write(3 * page + 100, new Uint8Array([99]))
      expect(asked(4), 2, 'after a write that was the first touch')
      expect([byteAt(memory, 100), byteAt(memory, 200), byteAt(memory, 3 * page + 100)], [99, 98, 99], 'bytes')
      using own = device.map({ protection: 'write' })
      own.write(5 * page, new Uint8Array([1]))
      expect(asked(6), 2, 'after a private write')
    },
  ),
  'pageMkwrite may refuse: the write is a fault, and nothing is written': withDevice(
    () => ({ pageMkwrite: 'refuse' }),
    (device) => {
      using memory = device.map({ protection: 'write', shared: true })
      expect(byteAt(memory, 100), 0, 'before')
      const fault = faultOf(() => memory.write(100, new Uint8Array([99])))
      expect([Reflect.get(fault, 'reason'), Reflect.get(fault, 'access')], ['driver', 'write'], 'fault')
      expect(Reflect.get(fault.cause as Error, 'code'), 'ENOSPC', 'cause')
      expect(byteAt(memory, 100), 0, 'afterwards')
    },
  ),

  // ---- the mmap hook: a row for each thing that VmaNew sets ----

  'mmap: a hook that throws VmError gives that error': withDevice(
    () => ({ refuse: 'VmError' }),
    (device) => expectError(() => device.map(), { code: 'EBUSY', syscall: 'mmap' }),
  ),
  'mmap: a hook that throws anything else gives EIO with its cause': withDevice(
    () => ({ refuse: 'Error' }),
    (device, { process, page }) => {
      let thrown: unknown
      try {
        device.map()
      } catch (error) {
        thrown = error
      }
      expect([Reflect.get(thrown as Error, 'code'), (thrown as Error).name], ['EIO', 'VmError'], 'error')
      expect(root(thrown).message, 'the driver does not want to', 'cause')
      using other = process.mapMut({ length: page })
      other.write(0, new Uint8Array([1]))
    },
  ),
  'mmap: where a hook fails, what fixed replaced is left a hole': withDevice(
    () => ({ refuse: 'Error' }),
    (device, { process, page }) => {
      const memory = process.mapMut({ length: 3 * page })
      const middle = memory.start + BigInt(page)
      memory.unmap()
      using before = process.mapMut({ length: page, address: middle - BigInt(page), fixed: 'noreplace' })
      const { calls } = process.kernel
      calls.mmap(middle, page, PROT.READ, 0x32, -1, 0)
      expectError(() => device.map({ length: page, address: middle, fixed: 'replace' }), { code: 'EIO' })
      using user = process.mm.mmgetNotZero()!
      using guard = user.mmapReadLock()
      expect(guard.vmaLookup(middle), undefined, 'the area in the middle')
      expect(before.size, page, 'the one before')
    },
  ),
  'setMixedmap sets VM_MIXEDMAP': withDevice(
    () => ({ setUp: ['setMixedmap'] }),
    (device, { process, page }) => {
      using memory = device.map()
      expect(flagsAt(process, memory.start) & VM.MIXEDMAP, VM.MIXEDMAP, 'flag')
      expect(byteAt(memory, page + 100), 1, 'a page')
    },
  ),
  'setIo sets VM_IO, and populate is refused': withDevice(
    () => ({ setUp: ['setIo'] }),
    async (device, { process }) => {
      using memory = device.map()
      expect(flagsAt(process, memory.start) & VM.IO, VM.IO, 'flag')
      await expectRejection(memory.populate(), { code: 'EINVAL' })
      expect(byteAt(memory, 100), 0, 'a page')
    },
  ),
  'setDontexpand sets VM_DONTEXPAND, and the area can not grow': withDevice(
    () => ({ setUp: ['setDontexpand'] }),
    (device, { process, page }) => {
      using memory = device.map({ length: 2 * page })
      expect(flagsAt(process, memory.start) & VM.DONTEXPAND, VM.DONTEXPAND, 'flag')
      expectError(() => memory.resize(3 * page), { code: 'EFAULT' })
      expect(memory.size, 2 * page, 'size')
      expect(byteAt(memory, page + 100), 1, 'a page')
      memory.resize(page)
      expect(byteAt(memory, 100), 0, 'a page of what is left')
    },
  ),
  'setDontcopy sets VM_DONTCOPY, which dofork takes away': withDevice(
    () => ({ setUp: ['setDontcopy'] }),
    (device, { process }) => {
      using memory = device.map()
      expect(flagsAt(process, memory.start) & VM.DONTCOPY, VM.DONTCOPY, 'flag')
      memory.advise('dofork')
      expect(flagsAt(process, memory.start) & VM.DONTCOPY, 0n, 'afterwards')
    },
  ),
  'setDontcopy is for good with setIo': withDevice(
    () => ({ setUp: ['setDontcopy', 'setIo'] }),
    (device, { process }) => {
      using memory = device.map()
      expectError(() => memory.advise('dofork'), { code: 'EINVAL' })
      expect(flagsAt(process, memory.start) & VM.DONTCOPY, VM.DONTCOPY, 'flag')
    },
  ),
  'setDontdump sets VM_DONTDUMP, which dodump takes away': withDevice(
    () => ({ setUp: ['setDontdump'] }),
    (device, { process }) => {
      using memory = device.map()
      expect(flagsAt(process, memory.start) & VM.DONTDUMP, VM.DONTDUMP, 'flag')
      memory.advise('dodump')
      expect(flagsAt(process, memory.start) & VM.DONTDUMP, 0n, 'afterwards')
    },
  ),
  'setDontdump is for good in a special area': withDevice(
    () => ({ setUp: ['setDontdump', 'setDontexpand'] }),
    (device, { process }) => {
      using memory = device.map()
      expectError(() => memory.advise('dodump'), { code: 'EINVAL' })
      expect(flagsAt(process, memory.start) & VM.DONTDUMP, VM.DONTDUMP, 'flag')
    },
  ),
  'tryClearMayread is refused on an area that is readable': withDevice(
    () => ({ setUp: ['tryClearMayread'] }),
    (device) => expectError(() => device.map(), { code: 'EINVAL', syscall: 'try_clear_mayread' }),
  ),
  'tryClearMaywrite is refused on an area that is writable': withDevice(
    () => ({ setUp: ['tryClearMaywrite'] }),
    (device) => {
      for (const shared of [false, true]) {
        expectError(() => device.map({ protection: 'write', shared }), {
          code: 'EINVAL',
          syscall: 'try_clear_maywrite',
        })
      }
    },
  ),
  'after tryClearMaywrite no path makes the area writable': withDevice(
    () => ({ setUp: ['tryClearMaywrite'] }),
    (device, { process, page }) => {
      for (const shared of [false, true]) {
        using memory = device.map({ shared })
        expect(flagsAt(process, memory.start) & VM.MAYWRITE, 0n, 'VM_MAYWRITE')
        expectError(() => memory.makeMut(), { code: 'EACCES' })
        expectError(() => MmapMut.from(memory), { code: 'EACCES' })
        expectError(() => process.kernel.calls.mprotect(memory.start, page, PROT.READ | PROT.WRITE), { code: 'EACCES' })
        const tail = memory.splitOff(8 * page)
        expectError(() => tail.makeMut(), { code: 'EACCES' })
        expectError(() => memory.makeMut(), { code: 'EACCES' })
        memory.merge(tail)
        expectError(() => memory.makeMut(), { code: 'EACCES' })
        using executable = memory.makeExec()
        expectError(() => executable.makeMut(), { code: 'EACCES' })
        using back = executable.makeNone().makeReadOnly()
        expectError(() => back.makeMut(), { code: 'EACCES' })
        expect(byteAt(back, 9 * page + 100), 9, 'a byte')
      }
    },
  ),
  'after tryClearMayexec the area can not become executable': withDevice(
    () => ({ setUp: ['tryClearMayexec'] }),
    (device, { process }) => {
      using memory = device.map()
      expect(flagsAt(process, memory.start) & VM.MAYEXEC, 0n, 'VM_MAYEXEC')
      expectError(() => memory.makeExec(), { code: 'EACCES' })
      expect(byteAt(memory, 100), 0, 'a byte')
    },
  ),

  // ---- pages of the driver's own ----

  'a page that mmap put in is read without a fault': withDevice(
    () => ({
      setUp: ['setMixedmap'],
      insert: [
        [0, 70],
        [2, 72],
      ],
    }),
    (device, { page }) => {
      using memory = device.map()
      expect([byteAt(memory, 0), byteAt(memory, 2 * page), byteAt(memory, page + 100)], [70, 72, 1], 'bytes')
      expect(told(memory, page, 'fills'), 1, 'fills')
    },
  ),
  'a page that was put in can be written shared, and is copied by a private write': withDevice(
    () => ({ setUp: ['setMixedmap'], insert: [[0, 70]] }),
    (device) => {
      using shared = device.map({ protection: 'write', shared: true })
      shared.write(1, new Uint8Array([99]))
      expect([byteAt(shared, 0), byteAt(shared, 1)], [70, 99], 'shared')
      using own = device.map({ protection: 'write' })
      own.write(1, new Uint8Array([98]))
      expect([byteAt(own, 0), byteAt(own, 1)], [70, 98], 'private')
    },
  ),
  'inserting outside of the area is EFAULT': withDevice(
    () => ({ setUp: ['setMixedmap'], insert: [[2, 70]] }),
    (device, { page }) =>
      expectError(() => device.map({ length: 2 * page }), { code: 'EFAULT', syscall: 'vm_insert_page' }),
  ),
  'inserting where a page is already is EBUSY': withDevice(
    () => ({
      setUp: ['setMixedmap'],
      insert: [
        [1, 70],
        [1, 71],
      ],
    }),
    (device) => expectError(() => device.map(), { code: 'EBUSY', syscall: 'vm_insert_page' }),
  ),
  'a driver without a fault hook has the pages that it put in, and no others': withDevice(
    () => ({ fault: 'none', setUp: ['setMixedmap'], insert: [[0, 70]] }),
    (device, { page }) => {
      using memory = device.map()
      expect(byteAt(memory, 0), 70, 'the page')
      expectError(() => byteAt(memory, page), { code: 'ERR_VMAREA_FAULT', reason: 'driver' })
    },
  ),
  'zap takes a page away that was put in, and the next touch is a fault': withDevice(
    () => ({ setUp: ['setMixedmap'], insert: [[1, 71]] }),
    (device, { process, page }) => {
      using memory = device.map({ shared: true })
      expect(byteAt(memory, page + 100), 71, 'before')
      {
        using user = process.mm.mmgetNotZero()!
        using guard = user.mmapReadLock()
        const address = memory.start + BigInt(page)
        guard.vmaLookup(address)!.zapPageRangeSingle(address, page)
      }
      expect(byteAt(memory, page + 100), 1, 'afterwards')
      expect(told(memory, page, 'fills'), 1, 'fills')
    },
  ),
  'zap of the device’s own page costs a fault, and no fill': withDevice(plain, (device, { process, page }) => {
    using memory = device.map({ shared: true })
    expect(byteAt(memory, page + 100), 1, 'before')
    {
      using user = process.mm.mmgetNotZero()!
      using guard = user.mmapReadLock()
      guard.vmaLookup(memory.start)!.zapPageRangeSingle(memory.start + BigInt(page), page)
    }
    expect(byteAt(memory, page + 100), 1, 'afterwards')
    expect(told(memory, page, 'fills'), 1, 'fills')
    expect(device.statistics.fills, 1, 'fills in the statistics')
  }),

  // ---- many pages at a time ----

  'a run fills several pages with one call': withDevice(
    plain,
    (device, { page }) => {
      using memory = device.map()
      for (let at = 0; at < 4; at++) expect(byteAt(memory, at * page + 100), at, `page ${at}`)
      expect([told(memory, 0, 'run'), told(memory, 3 * page, 'run')], [4, 4], 'run')
      expect(device.statistics.fills, 1, 'fills')
      expect(device.statistics.bytesFilled, 4 * page, 'bytes filled')
      expect(byteAt(memory, 14 * page + 100), 14, 'near the end')
      expect(told(memory, 14 * page, 'run'), 2, 'the run at the end')
    },
    (page) => ({ run: 4 * page }),
  ),
  'a run passes over no page that is there': withDevice(
    plain,
    (device, { page }) => {
      using memory = device.map()
      expect(byteAt(memory, 6 * page + 100), 6, 'page 6')
      expect(byteAt(memory, 4 * page + 100), 4, 'page 4')
      expect(told(memory, 4 * page, 'run'), 2, 'run')
      expect(told(memory, 6 * page, 'fills'), 1, 'what page 6 was filled with')
    },
    (page) => ({ run: 4 * page }),
  ),
  'reading from front to back asks for more and more, up to the most': withDevice(
    plain,
    (device, { page }) => {
      using memory = device.map()
      const runs = Array.from({ length: 16 }, (_, at) => told(memory, at * page, 'run'))
      expect(runs[0], 1, 'the first run')
      expect(Math.max(...runs), 4, 'the longest run')
      expect(device.statistics.fills < 10, true, 'fewer than 10 fills')
    },
    (page) => ({ run: { least: page, most: 4 * page } }),
  ),
  'ready brings pages in, and prefetch begins to': withDevice(
    () => ({ fault: 'later' }),
    async (device, { page }) => {
      using memory = device.map()
      device.prefetch(8 * page, page)
      await device.ready(0, 4 * page)
      const before = device.statistics.fills
      for (let at = 0; at < 4; at++) expect(byteAt(memory, at * page + 100), at, `page ${at}`)
      expect(device.statistics.fills, before, 'fills')
      await device.ready(8 * page, page)
      expect(byteAt(memory, 8 * page + 100), 8, 'page 8')
      await device.ready()
      expect(device.statistics.bytesResident, 16 * page, 'bytes resident')
      expectError(() => device.prefetch(0, 17 * page), { code: 'ERR_VMAREA_OUT_OF_RANGE' })
    },
  ),
  'ready tells of the first page that can not be had, and brings the others in': withDevice(
    () => ({ broken: [[2, 1_000_000]] }),
    async (device, { page }) => {
      using memory = device.map()
      const error = await expectRejection(device.ready(0, 4 * page), { code: 'EIO' })
      expect(root(error).message, 'page 2 is broken', 'cause')
      expect([byteAt(memory, page + 100), byteAt(memory, 3 * page + 100)], [1, 3], 'the others')
    },
  ),
  'ready can be given up': withDevice(
    () => ({ fault: 'never' }),
    async (device, { page }) => {
      const giveUp = new AbortController()
      const ready = device.ready(0, page, { signal: giveUp.signal })
      giveUp.abort(new RangeError('no more'))
      await expectRejection(ready, { name: 'RangeError', message: 'no more' })
    },
  ),
  'populate brings the pages of a map in': withDevice(plain, async (device, { page }) => {
    using memory = device.map({ length: 4 * page })
    await memory.populate()
    expect(device.statistics.bytesResident, 4 * page, 'bytes resident')
    expect(byteAt(memory, 3 * page + 100), 3, 'page 3')
  }),

  // ---- forgetting ----

  'invalidate has the next touch ask again, in every map': withDevice(plain, async (device, { page }) => {
    using one = device.map({ shared: true })
    using other = device.map()
    expect([told(one, page, 'fills'), told(other, page, 'fills')], [1, 1], 'before')
    await device.invalidate(page, 1)
    expect([told(one, page, 'fills'), told(other, page, 'fills')], [2, 2], 'afterwards')
    expect(device.statistics.bytesResident, page, 'bytes resident')
  }),
  'invalidate leaves private copies': withDevice(plain, async (device) => {
    using own = device.map({ protection: 'write' })
    own.write(100, new Uint8Array([99]))
    await device.invalidate()
    expect(byteAt(own, 100), 99, 'the copy')
  }),
  'a driver may invalidate by itself': withDevice(
    () => ({ forgetAt: 5 }),
    (device, { page }) => {
      using memory = device.map()
      expect(told(memory, 0, 'fills'), 1, 'before')
      expect(byteAt(memory, 5 * page + 100), 5, 'page 5')
      expect(told(memory, 0, 'fills'), 3, 'afterwards')
    },
  ),
  'a resident limit drops pages, which come back when they are touched': withDevice(
    (page) => ({ size: 64 * page }),
    (device, { page }) => {
      using memory = device.map()
      for (let round = 0; round < 2; round++) {
        for (let at = 0; at < 64; at++) expect(byteAt(memory, at * page + 100), at, `page ${at}`)
        expect(device.statistics.bytesResident <= 16 * page, true, 'within the limit')
      }
      expect(device.statistics.bytesDropped > 0, true, 'something was dropped')
      expectError(() => device.map({ protection: 'write', shared: true }), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
      using shared = device.map({ shared: true })
      expectError(() => shared.makeMut(), { code: 'EACCES' })
      using own = device.map({ protection: 'write' })
      own.write(100, new Uint8Array([99]))
      expect([byteAt(own, 100), byteAt(memory, 100)], [99, 0], 'a private write')
    },
    (page) => ({ residentLimit: 16 * page }),
  ),

  // ---- endings ----

  'an answer that does not come is ended by its time limit, and the device goes on': withDevice(
    () => ({ fault: 'never' }),
    async (device, { page }) => {
      using memory = device.map()
      const fault = await expectRejection(memory.readAsync(0, new Uint8Array(1)), {
        code: 'ERR_VMAREA_FAULT',
        reason: 'driver',
      })
      expect(Reflect.get(fault.cause as Error, 'code'), 'ETIMEDOUT', 'cause')
      expect(byteAt(memory, page + 100), 1, 'another page')
      expect(device.state, 'serving', 'state')
      expect([device.statistics.timeouts, device.statistics.waiting], [1, 0], 'timeouts and waiting')
    },
    // Long enough for the page that is answered at once, on a machine that has other things to do.
    () => ({ timeout: 1000 }),
  ),
  'after close what is in memory stays readable, and nothing else': withDevice(plain, async (device, { page }) => {
    using memory = device.map()
    expect(byteAt(memory, page + 100), 1, 'before')
    await device.close()
    await device.close()
    expect(device.state, 'closed', 'state')
    expect(byteAt(memory, page + 100), 1, 'what was in memory')
    expectError(() => byteAt(memory, 2 * page), { code: 'ERR_VMAREA_FAULT', reason: 'driver' })
    expectError(() => device.map(), { code: 'ERR_VMAREA_DEVICE_CLOSED' })
    await expectRejection(device.ready(0, page), { code: 'ERR_VMAREA_DEVICE_CLOSED' })
    await expectRejection(device.restart(), { code: 'ERR_VMAREA_DEVICE_CLOSED' })
  }),
  'a close hook that throws, or never ends, keeps nobody': {
    needs: ['devices'],
    async run({ process, page }) {
      for (const close of ['throws', 'never ends'] as const) {
        const device = await open(process, { size: page, close }, { timeout: 500 })
        await device.close()
        expect(device.state, 'closed', close)
      }
    },
  },
  'the signal closes the device': {
    needs: ['devices'],
    async run({ process, page }) {
      const end = new AbortController()
      const device = await open(process, { size: page }, { signal: end.signal })
      using memory = device.map()
      end.abort()
      expect(device.state, 'closed', 'state')
      await device.close()
      expectError(() => byteAt(memory, 0), { code: 'ERR_VMAREA_FAULT', reason: 'driver' })
      await expectRejection(open(process, { size: page }, { signal: end.signal }), { name: 'AbortError' })
    },
  },
  'a closed device leaves no listener on the signal': {
    needs: ['devices'],
    async run({ process, page }) {
      const { signal } = new AbortController()
      const listeners = new Set<unknown>()
      const { addEventListener, removeEventListener } = signal
      signal.addEventListener = (type: string, listener: never, options?: never) => {
        listeners.add(listener)
        addEventListener.call(signal, type, listener, options)
      }
      signal.removeEventListener = (type: string, listener: never, options?: never) => {
        listeners.delete(listener)
        removeEventListener.call(signal, type, listener, options)
      }
      const device = await open(process, { size: page }, { signal })
      expect(listeners.size, 1, 'listeners of an open device')
      await device.close()
      expect(listeners.size, 0, 'listeners of a closed device')
    },
  },
  'restart begins anew, with the pages that are in memory and the maps that stand': withDevice(
    () => ({ setUp: ['setDontexpand'] }),
    async (device, { process, page }) => {
      using memory = device.map()
      expect([told(memory, 0, 'fills'), told(memory, page, 'fills')], [1, 2], 'before')
      await device.restart()
      expect(device.state, 'serving', 'state')
      expect(told(memory, page, 'fills'), 2, 'a page that was in memory')
      expect([told(memory, 2 * page, 'fills'), told(memory, 2 * page, 'opens')], [1, 1], 'a new page')
      expect(told(memory, 2 * page, 'maps'), 1, 'the mmap hook was called for the map that stands')
      expect(flagsAt(process, memory.start) & VM.DONTEXPAND, VM.DONTEXPAND, 'its flags')
    },
  ),

  // ---- what a driver module may be ----

  'a module that is no driver is refused, and named': {
    needs: ['devices'],
    async run({ process }) {
      const wrong = ['no-such-module', 'no-default', 'wrong-default', 'no-hooks']
      for (const name of wrong) {
        const error = await expectRejection(process.openDevice(driver(name)), { code: 'ERR_VMAREA_NOT_A_DRIVER' })
        const named = name === 'no-hooks' || error.message.includes(driver(name))
        expect(named, true, `the message names the module: ${error.message}`)
      }
      await expectRejection(process.openDevice('./driver.js'), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
      const error = await expectRejection(process.openDevice(driver('no-set-up')), { code: 'EIO' })
      expect(root(error).message, 'nothing can be set up here', 'cause')
    },
  },
  'what a module is given must be such that it can be copied': {
    needs: ['devices'],
    async run({ process }) {
      const given = { driver: { size: 4096, call: () => {} } }
      await expectRejection(process.openDevice(driver('probe'), given), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
    },
  },

  // ---- the mapping's own ways ----

  'a map of a device splits and merges, and its parts go on faulting': withDevice(plain, (device, { page }) => {
    using head = device.map()
    using tail = head.splitOff(8 * page)
    expect([byteAt(head, 7 * page + 100), byteAt(tail, page + 100)], [7, 9], 'bytes')
    using other = device.map()
    expectError(() => head.merge(other), {})
    head.merge(tail)
    expect([byteAt(head, 10 * page + 100), byteAt(head, 9 * page + 100)], [10, 9], 'bytes of the whole')
  }),
  'a map without access keeps its pages': withDevice(plain, (device, { page }) => {
    const memory = device.map({ shared: true })
    expect(byteAt(memory, page + 100), 1, 'before')
    using back = memory.makeNone().makeReadOnly()
    expect([byteAt(back, page + 100), byteAt(back, 2 * page + 100)], [1, 2], 'afterwards')
    expect(told(back, page, 'fills'), 1, 'fills')
  }),
  'bytes of a device are plain bytes': {
    needs: ['devices', 'views'],
    async run({ process, page }) {
      await using device = await open(process, { size: 16 * page, broken: [[3, 1]] }, { run: page })
      using memory = device.map()
      expect([memory.bytes[page + 100], memory.bytes[2 * page + 100]], [1, 2], 'bytes')
      const fault = faultOf(() => memory.access((bytes) => bytes[3 * page + 100]))
      expect([Reflect.get(fault, 'reason'), root(fault).message], ['driver', 'page 3 is broken'], 'fault')
      expect(
        memory.access((bytes) => bytes[3 * page + 100]),
        3,
        'the second time',
      )
    },
  },
  'a fault in raw bytes is told with its cause, and heals with restore': {
    needs: ['devices', 'views'],
    async run({ process, page }) {
      await using device = await open(process, { size: 16 * page, broken: [[3, 1]] }, { run: page })
      using memory = device.map()
      expect(memory.bytes[3 * page + 100], 0, 'a byte of the broken page')
      expect(memory.fault?.reason, 'driver', 'reason')
      expect(root(memory.fault).message, 'page 3 is broken', 'cause')
      memory.restore()
      expect(memory.bytes[3 * page + 100], 3, 'afterwards')
    },
  },
}
