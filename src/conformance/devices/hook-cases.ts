import { Mmap } from '../../mapping/handle/mmap.js'
import { MmapMut } from '../../mapping/handle/mmap-mut.js'
import { byteAt } from '../byte-at.js'
import type { ConformanceCases } from '../conformance-case.js'
import { PROBE, PROBE_HEAD } from '../drivers/probe-options.js'
import { expect } from '../expect.js'
import { expectError } from '../expect-error.js'
import { faultOf } from './fault-of.js'
import { rootCause } from './root-cause.js'
import { told } from './told.js'
import { withDevice } from './with-device.js'

/** Cases of the hooks `open`, `mmap` and `fault`. */
export const hookCases: ConformanceCases = {
  'a fault fills the page that the program sees, once': withDevice(
    () => ({}),
    (device, { page }) => {
      using memory = device.map()
      expect(memory.size, 16 * page, 'size')
      expect(byteAt(memory, 3 * page + 100), 3, 'a byte of page 3')
      expect(told(memory, 3 * page, 'fills'), 1, 'fills')
      expect(byteAt(memory, 3 * page + 200), 3, 'another one')
      expect(byteAt(memory, 5 * page + 100), 5, 'a byte of page 5')
      expect(told(memory, 5 * page, 'fills'), 2, 'fills')
      expect(told(memory, 3 * page, 'fills'), 1, 'what page 3 was filled with')
    },
  ),
  'a page that one map has is there for all': withDevice(
    () => ({}),
    (device, { page }) => {
      using one = device.map({ shared: true })
      using other = device.map()
      using third = device.map({ offset: 3 * page, length: page })
      expect([byteAt(one, 3 * page + 100), byteAt(other, 3 * page + 100), byteAt(third, 100)], [3, 3, 3], 'bytes')
      expect(told(third, 0, 'fills'), 1, 'fills')
      expect(device.statistics.fills, 1, 'fills in the statistics')
    },
  ),
  'open is called before mmap, and mmap before the first fault, for each map': withDevice(
    () => ({}),
    (device, { page }) => {
      using memory = device.map({ length: page })
      expect([told(memory, 0, 'opens'), told(memory, 0, 'maps')], [1, 1], 'opens and maps')
      using other = device.map({ offset: page, length: page })
      expect([told(other, 0, 'opens'), told(other, 0, 'maps')], [1, 2], 'opens and maps')
    },
  ),
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
  'all waiters of one page are served by one fill': withDevice(
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
  'a fault that throws is that access’s fault, with its cause, and other pages work': withDevice(
    () => ({ broken: [[1, 1_000_000]] }),
    (device, { page }) => {
      using memory = device.map()
      expect(byteAt(memory, 100), 0, 'page 0')
      const fault = faultOf(() => byteAt(memory, page + 7))
      expect(Reflect.get(fault, 'reason'), 'driver', 'reason')
      expect(Reflect.get(fault, 'access'), 'read', 'access')
      expect(Reflect.get(fault.cause as Error, 'code'), 'EIO', 'code')
      expect(rootCause(fault).message, 'page 1 is broken', 'cause')
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
  'a page that failed is requested again at the next touch': withDevice(
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
  'an offset need not lie on a page': withDevice(
    () => ({}),
    (device, { page }) => {
      using memory = device.map({ offset: 2 * page + 100, length: page })
      expect(memory.size, page, 'size')
      expect([byteAt(memory, 0), byteAt(memory, page - 101), byteAt(memory, page - 1)], [2, 2, 3], 'bytes')
      expectError(() => device.map({ offset: 17 * page }), { code: 'ERR_VMAREA_OUT_OF_RANGE' })
      expectError(() => device.map({ offset: 16 * page }), { code: 'ERR_VMAREA_OUT_OF_RANGE' })
    },
  ),
  'protection gives the handle its type': withDevice(
    () => ({}),
    (device) => {
      using read = device.map()
      using write = device.map({ protection: 'write' })
      expect([read instanceof Mmap, write instanceof MmapMut], [true, true], 'types')
      expectError(() => device.map({ protection: 'execute' as 'read' }), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
    },
  ),
}
