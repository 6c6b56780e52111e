import { byteAt } from '../byte-at.js'
import type { ConformanceCases } from '../conformance-case.js'
import { expect } from '../expect.js'
import { expectError } from '../expect-error.js'
import { expectRejection } from '../expect-rejection.js'
import { rootCause } from './root-cause.js'
import { told } from './told.js'
import { withDevice } from './with-device.js'

/** Cases of requests for many pages. */
export const runCases: ConformanceCases = {
  'a run fills several pages with one call': withDevice(
    () => ({}),
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
    () => ({}),
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
    () => ({}),
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
  'ready rejects with the error of the first page that fails, and brings the others in': withDevice(
    () => ({ broken: [[2, 1_000_000]] }),
    async (device, { page }) => {
      using memory = device.map()
      const error = await expectRejection(device.ready(0, 4 * page), { code: 'EIO' })
      expect(rootCause(error).message, 'page 2 is broken', 'cause')
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
  'populate brings the pages of a map in': withDevice(
    () => ({}),
    async (device, { page }) => {
      using memory = device.map({ length: 4 * page })
      await memory.populate()
      expect(device.statistics.bytesResident, 4 * page, 'bytes resident')
      expect(byteAt(memory, 3 * page + 100), 3, 'page 3')
    },
  ),
}
