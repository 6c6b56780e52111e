import { byteAt } from '../byte-at.js'
import type { ConformanceCases } from '../conformance-case.js'
import { expect } from '../expect.js'
import { expectError } from '../expect-error.js'
import { told } from './told.js'
import { withDevice } from './with-device.js'

/** Cases of pages that are dropped. */
export const invalidateCases: ConformanceCases = {
  'invalidate has the next touch ask again, in every map': withDevice(
    () => ({}),
    async (device, { page }) => {
      using one = device.map({ shared: true })
      using other = device.map()
      expect([told(one, page, 'fills'), told(other, page, 'fills')], [1, 1], 'before')
      await device.invalidate(page, 1)
      expect([told(one, page, 'fills'), told(other, page, 'fills')], [2, 2], 'afterwards')
      expect(device.statistics.bytesResident, page, 'bytes resident')
    },
  ),
  'invalidate leaves private copies': withDevice(
    () => ({}),
    async (device) => {
      using own = device.map({ protection: 'write' })
      own.write(100, new Uint8Array([99]))
      await device.invalidate()
      expect(byteAt(own, 100), 99, 'the copy')
    },
  ),
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
}
