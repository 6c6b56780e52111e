import type { Device } from '../../device/device.js'
import type { ConformanceCases } from '../conformance-case.js'
import { expect } from '../expect.js'
import { expectRejection } from '../expect-rejection.js'
import { rootCause } from './root-cause.js'
import { withDevice } from './with-device.js'

/** The counters of a device so far, with bytes as pages. */
type Counts = readonly [faults: number, fills: number, filled: number, dropped: number, resident: number]

interface Readable {
  readAsync<T extends ArrayBufferView>(offset: number, target: T): Promise<T>
}

/** Reads a byte of each page in turn, and returns the counts afterwards. */
async function countsAfter(device: Device, memory: Readable, page: number, pages: Iterable<number>): Promise<Counts> {
  for (const at of pages) {
    const [byte] = await memory.readAsync(at * page + 100, new Uint8Array(1))
    expect(byte, at, `a byte of page ${at}`)
  }
  const { faults, fills, bytesFilled, bytesDropped, bytesResident } = device.statistics
  return [faults, fills, bytesFilled / page, bytesDropped / page, bytesResident / page]
}

function forwards(end: number, start = 0): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index)
}

function backwards(end: number): number[] {
  return forwards(end).reverse()
}

/** The numbers of `count` pages among 64, the same on every kernel. */
function scattered(count: number): number[] {
  let state = 7
  return Array.from({ length: count }, () => {
    state = (state * 1103515245 + 12345) % 2 ** 31
    return Math.floor(state / 65536) % 64
  })
}

/** Cases of what a device counts: the same accesses cost the same faults, fills and drops on every kernel. */
export const countCases: ConformanceCases = {
  'without a limit a page is filled once, and a touch maps up to 16 pages that are in memory': withDevice(
    (page) => ({ size: 64 * page }),
    async (device, { page }) => {
      using one = device.map({ shared: true })
      using other = device.map()
      expect(await countsAfter(device, one, page, forwards(64)), [64, 64, 64, 0, 64], 'front to back')
      expect(await countsAfter(device, one, page, backwards(64)), [64, 64, 64, 0, 64], 'back to front')
      expect(await countsAfter(device, other, page, forwards(64)), [68, 64, 64, 0, 64], 'in another map')
      await device.invalidate(0, 8 * page)
      expect(await countsAfter(device, one, page, forwards(64)), [76, 72, 72, 0, 64], 'after invalidate')
    },
  ),
  'runs that grow cost fewer faults': withDevice(
    (page) => ({ size: 64 * page, fault: 'later' }),
    async (device, { page }) => {
      using memory = device.map()
      expect(await countsAfter(device, memory, page, forwards(64)), [11, 11, 64, 0, 64], 'front to back')
      await device.invalidate(16 * page, 16 * page)
      await device.ready(16 * page, 16 * page)
      expect(await countsAfter(device, memory, page, scattered(64)), [11, 13, 80, 0, 64], 'after ready')
    },
    (page) => ({ run: { least: page, most: 8 * page } }),
  ),
  'a limit costs the same drops for the same accesses': withDevice(
    (page) => ({ size: 64 * page }),
    async (device, { page }) => {
      using one = device.map({ shared: true })
      using other = device.map()
      expect(await countsAfter(device, one, page, forwards(64)), [64, 64, 64, 33, 31], 'front to back')
      expect(await countsAfter(device, one, page, backwards(64)), [104, 97, 97, 66, 31], 'back to front')
      expect(await countsAfter(device, other, page, scattered(200)), [231, 205, 205, 174, 31], 'scattered')
    },
    (page) => ({ residentLimit: 32 * page }),
  ),
  'a limit and runs that grow cost the same drops for the same accesses': withDevice(
    (page) => ({ size: 64 * page }),
    async (device, { page }) => {
      using one = device.map({ shared: true })
      using own = device.map({ protection: 'write' })
      expect(await countsAfter(device, one, page, forwards(64)), [11, 11, 64, 40, 24], 'front to back')
      for (const at of scattered(20)) await own.writeAsync(at * page, new Uint8Array([1]))
      expect(await countsAfter(device, one, page, scattered(200)), [162, 131, 186, 163, 23], 'scattered, beside copies')
    },
    (page) => ({ residentLimit: 24 * page, run: { least: page, most: 8 * page } }),
  ),
  'a run that is refused is asked for page by page, and only the broken page fails': withDevice(
    (page) => ({ size: 64 * page, broken: [[12, 1_000_000]] }),
    async (device, { page }) => {
      using memory = device.map()
      expect(await countsAfter(device, memory, page, forwards(12)), [3, 3, 12, 0, 12], 'before it')
      const failing = memory.readAsync(12 * page, new Uint8Array(1))
      const fault = await expectRejection(failing, { code: 'ERR_VMAREA_FAULT', reason: 'driver' })
      expect(rootCause(fault).message, 'page 12 is broken', 'cause')
      expect(await countsAfter(device, memory, page, forwards(64, 13)), [17, 18, 63, 0, 63], 'behind it')
      expect(device.statistics.failures, 1, 'failures')
    },
    (page) => ({ run: 4 * page }),
  ),
  'no more than the limit can be brought into memory at once': withDevice(
    (page) => ({ size: 64 * page }),
    async (device, { page }) => {
      const error = await expectRejection(device.ready(0, 17 * page), { code: 'ENOMEM', syscall: 'fault' })
      expect(error.message.includes(`residentLimit, ${16 * page} bytes`), true, error.message)
    },
    (page) => ({ residentLimit: 16 * page }),
  ),
}
