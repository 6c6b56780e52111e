import type { Device } from '../../device/device.js'
import type { MmapMut } from '../../mapping/handle/mmap-mut.js'
import { byteAt } from '../byte-at.js'
import type { ConformanceCases } from '../conformance-case.js'
import { expect } from '../expect.js'
import { expectError } from '../expect-error.js'
import { expectRejection } from '../expect-rejection.js'
import { faultOf } from './fault-of.js'
import { told } from './told.js'
import { withDevice } from './with-device.js'

function writable(device: Device, length?: number): MmapMut {
  return device.map({ protection: 'write', shared: true, ...(length === undefined ? {} : { length }) })
}

async function set(memory: MmapMut, offset: number, byte: number): Promise<void> {
  await memory.writeAsync(offset, new Uint8Array([byte]))
}

async function get(memory: MmapMut, offset: number): Promise<number> {
  return (await memory.readAsync(offset, new Uint8Array(1)))[0]!
}

/** The pages that the driver has been given, and those that it has yet to be given. */
function pages({ statistics }: Device, page: number): readonly [written: number, unwritten: number] {
  return [statistics.bytesWrittenBack / page, statistics.bytesUnwritten / page]
}

/** Cases of the `writeback` hook. */
export const writebackCases: ConformanceCases = {
  'flush gives the driver the pages that programs wrote to, and no others': withDevice(
    () => ({ writeback: 'at once' }),
    async (device, { page }) => {
      using memory = writable(device)
      memory.write(page + 100, new Uint8Array([99]))
      expect(byteAt(memory, 2 * page + 100), 2, 'a page that is read')
      memory.write(2 * page - 1, new Uint8Array([98]))
      memory.write(5 * page + 100, new Uint8Array([97]))
      expect(pages(device, page), [0, 2], 'before')
      await memory.flush()
      expect(pages(device, page), [2, 0], 'after')
      await device.invalidate()
      expect(
        [byteAt(memory, page + 100), byteAt(memory, 2 * page - 1), byteAt(memory, 5 * page + 100)],
        [99, 98, 97],
        'bytes',
      )
      expect([told(memory, 3 * page, 'given'), byteAt(memory, 2 * page + 100)], [2, 2], 'a page that was not written')
    },
  ),
  'a page that is written again is given to the driver again, and one that is not stays with it': withDevice(
    () => ({ writeback: 'at once' }),
    async (device, { page }) => {
      using memory = writable(device)
      for (const byte of [10, 11, 12]) {
        memory.write(100, new Uint8Array([byte]))
        await memory.flush()
        await memory.flush()
      }
      expect(pages(device, page), [3, 0], 'pages')
      await device.invalidate()
      expect(byteAt(memory, 100), 12, 'the last byte')
    },
  ),
  'a page that is read first, and one that another map shows, are noted when they are written': withDevice(
    () => ({ writeback: 'at once' }),
    async (device, { page }) => {
      using one = writable(device)
      using other = writable(device)
      expect([byteAt(one, 100), byteAt(other, 100)], [0, 0], 'before')
      one.write(100, new Uint8Array([1]))
      await one.flush()
      other.write(200, new Uint8Array([2]))
      expect(pages(device, page), [1, 1], 'pages')
      await one.flush()
      await device.invalidate()
      expect([byteAt(one, 100), byteAt(one, 200)], [1, 2], 'bytes')
    },
  ),
  'flush of a part leaves the rest': withDevice(
    () => ({ writeback: 'at once' }),
    async (device, { page }) => {
      using memory = writable(device)
      for (let at = 0; at < 4; at++) memory.write(at * page + 100, new Uint8Array([99]))
      await memory.flush(page + 5, page)
      expect(pages(device, page), [2, 2], 'pages')
    },
  ),
  'flushSync waits for the driver': withDevice(
    () => ({ writeback: 'at once' }),
    (device, { page }) => {
      using memory = writable(device)
      memory.write(100, new Uint8Array([99]))
      memory.flushSync()
      expect(pages(device, page), [1, 0], 'pages')
    },
  ),
  'consecutive pages are given in runs, and the last one ends with the device': withDevice(
    (page) => ({ writeback: 'at once', size: 4 * page + 5 }),
    async (device, { page }) => {
      using memory = writable(device)
      for (const at of [3, 4]) memory.write(at * page, new Uint8Array([99]))
      await memory.flush()
      expect(told(memory, page, 'givenLast'), page + 5, 'bytes of the last call')
    },
    (page) => ({ run: { least: page, most: 4 * page } }),
  ),
  'an asynchronous writeback hook is waited for': withDevice(
    () => ({ writeback: 'later' }),
    async (device, { page }) => {
      using memory = writable(device)
      for (let at = 0; at < 16; at++) await set(memory, at * page + 100, 99)
      const flushed = memory.flush()
      await set(memory, 100, 98)
      await flushed
      expect(device.statistics.bytesWrittenBack >= 16 * page, true, 'bytes')
      await memory.flush()
      expect(device.statistics.bytesUnwritten, 0, 'unwritten')
      await device.invalidate()
      expect([await get(memory, 100), await get(memory, 15 * page + 100)], [98, 99], 'bytes')
    },
  ),
  'private writes are not written back': withDevice(
    () => ({ writeback: 'at once' }),
    async (device, { page }) => {
      using own = device.map({ protection: 'write' })
      own.write(100, new Uint8Array([99]))
      await own.flush()
      expect(pages(device, page), [0, 0], 'pages')
    },
  ),
  'a write that pageMkwrite refuses is not written back': withDevice(
    () => ({ writeback: 'at once', pageMkwrite: 'refuse' }),
    async (device, { page }) => {
      using memory = writable(device)
      faultOf(() => memory.write(100, new Uint8Array([99])))
      await memory.flush()
      expect(pages(device, page), [0, 0], 'pages')
    },
  ),
  'a write that pageMkwrite allows is written back': withDevice(
    () => ({ writeback: 'at once', pageMkwrite: 'allow' }),
    async (device, { page }) => {
      using memory = writable(device)
      memory.write(100, new Uint8Array([99]))
      await memory.flush()
      expect(pages(device, page), [1, 0], 'pages')
    },
  ),
  'closing the device writes back first': withDevice(
    () => ({ writeback: 'later' }),
    async (device, { page }) => {
      using memory = writable(device)
      for (let at = 0; at < 16; at++) await set(memory, at * page + 100, 99)
      await device.close()
      expect(pages(device, page), [16, 0], 'pages')
    },
  ),
  'flush rejects with the driver’s error, and the pages stay written': withDevice(
    () => ({ writeback: 'at once', refusals: 1 }),
    async (device, { page }) => {
      using memory = writable(device)
      memory.write(100, new Uint8Array([99]))
      await expectRejection(memory.flush(), { code: 'ENOSPC', syscall: 'write' })
      expect([pages(device, page), byteAt(memory, 100)], [[0, 1], 99], 'after the failure')
      await memory.flush()
      expect(pages(device, page), [1, 0], 'after the next flush')
    },
  ),
  'flush rejects at the time limit': withDevice(
    () => ({ writeback: 'never' }),
    async (device, { page }) => {
      using memory = writable(device)
      memory.write(100, new Uint8Array([99]))
      await expectRejection(memory.flush(), { code: 'ETIMEDOUT' })
      expect(pages(device, page), [0, 1], 'pages')
      await expectRejection(device.close(), { code: 'EIO', syscall: 'msync' })
    },
    () => ({ timeout: 500 }),
  ),
  'close rejects where the driver does not take what was written': withDevice(
    () => ({ writeback: 'at once', refusals: 1_000_000 }),
    async (device) => {
      using memory = writable(device)
      memory.write(100, new Uint8Array([99]))
      const error = await expectRejection(device.close(), { code: 'EIO', syscall: 'msync' })
      expect(Reflect.get(error.cause as Error, 'code'), 'ENOSPC', 'cause')
      expect(device.state, 'closed', 'state')
    },
  ),
  'invalidate drops what was written': withDevice(
    () => ({ writeback: 'at once' }),
    async (device, { page }) => {
      using memory = writable(device)
      memory.write(page + 100, new Uint8Array([99]))
      await device.invalidate(page, page)
      expect([byteAt(memory, page + 100), ...pages(device, page)], [1, 0, 0], 'byte and pages')
      memory.write(page + 100, new Uint8Array([98]))
      await memory.flush()
      expect(pages(device, page), [1, 0], 'pages')
    },
  ),
  'what was written before a restart is given to the next driver': withDevice(
    () => ({ writeback: 'at once' }),
    async (device, { page }) => {
      using memory = writable(device)
      memory.write(page + 100, new Uint8Array([99]))
      await device.restart()
      expect(pages(device, page), [0, 1], 'after the restart')
      await memory.flush()
      await device.invalidate()
      expect([byteAt(memory, page + 100), ...pages(device, page)], [99, 1, 0], 'byte and pages')
    },
  ),
  'a device with a limit that is written keeps the limit, and every byte': withDevice(
    (page) => ({ writeback: 'at once', size: 128 * page }),
    async (device, { page }) => {
      using memory = writable(device)
      for (let at = 0; at < 128; at++) {
        memory.write(at * page + 100, new Uint8Array([200 - at]))
        expect(device.statistics.bytesResident <= 16 * page, true, 'within the limit')
      }
      for (let at = 0; at < 128; at++) expect(byteAt(memory, at * page + 100), 200 - at, `page ${at}`)
      expect(device.statistics.bytesDropped > 0, true, 'something was dropped')
    },
    (page) => ({ residentLimit: 16 * page }),
  ),
  'a write waits for room while the driver takes its time': withDevice(
    (page) => ({ writeback: 'later', size: 128 * page }),
    async (device, { page }) => {
      using memory = writable(device)
      const all = Array.from({ length: 128 }, (_, at) => at)
      for (let from = 0; from < 128; from += 8) {
        await Promise.all(all.slice(from, from + 8).map((at) => set(memory, at * page + 100, 200 - at)))
        expect(device.statistics.bytesResident <= 16 * page, true, 'within the limit')
      }
      for (const at of all) expect(await get(memory, at * page + 100), 200 - at, `page ${at}`)
    },
    (page) => ({ residentLimit: 16 * page }),
  ),
  'the next flush reports that a page could not be dropped': withDevice(
    (page) => ({ writeback: 'at once', size: 128 * page, refusals: 1 }),
    async (device, { page }) => {
      using memory = writable(device)
      for (let at = 0; at < 64; at++) await set(memory, at * page + 100, 99)
      await expectRejection(memory.flush(), { code: 'ENOSPC', syscall: 'write' })
      await memory.flush()
      expect(device.statistics.bytesUnwritten, 0, 'unwritten')
    },
    (page) => ({ residentLimit: 16 * page }),
  ),
  'a write that finds no room fails at the time limit with the driver’s error, and nothing is lost': withDevice(
    (page) => ({ writeback: 'at once', size: 128 * page, refusals: 1_000_000 }),
    async (device, { page }) => {
      using memory = writable(device)
      let written = 0
      const fault = await expectRejection(
        (async () => {
          for (; written < 128; written++) await set(memory, written * page + 100, 99)
        })(),
        { code: 'ERR_VMAREA_FAULT', reason: 'driver' },
      )
      expect(Reflect.get(fault.cause as Error, 'code'), 'ENOSPC', 'cause')
      expect(written >= 8 && written <= 16, true, 'pages that found room')
      for (let at = 0; at < written; at++) expect(await get(memory, at * page + 100), 99, `page ${at}`)
      await expectRejection(device.close(), { code: 'EIO', syscall: 'msync' })
    },
    (page) => ({ residentLimit: 16 * page, timeout: 500 }),
  ),
  'pages are read while others can’t be written back': withDevice(
    (page) => ({ writeback: 'at once', size: 128 * page, refusals: 1_000_000 }),
    async (device, { page }) => {
      using memory = writable(device)
      for (let at = 0; at < 4; at++) await set(memory, at * page + 100, 99)
      for (let at = 4; at < 128; at++) expect(await get(memory, at * page + 100), at, `page ${at}`)
      for (let at = 0; at < 4; at++) expect(await get(memory, at * page + 100), 99, `page ${at}`)
      await device.invalidate(0, 4 * page)
      await device.close()
    },
    (page) => ({ residentLimit: 16 * page }),
  ),
  'a device with a limit and no writeback hook can’t be mapped for writing': withDevice(
    () => ({}),
    (device) => {
      expectError(() => writable(device), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
    },
    (page) => ({ residentLimit: 16 * page }),
  ),
}
