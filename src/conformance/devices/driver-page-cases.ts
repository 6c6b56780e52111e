import { byteAt } from '../byte-at.js'
import type { ConformanceCases } from '../conformance-case.js'
import { expect } from '../expect.js'
import { expectError } from '../expect-error.js'
import { told } from './told.js'
import { withDevice } from './with-device.js'

/** Cases of pages that the driver owns. */
export const driverPageCases: ConformanceCases = {
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
  'zap of the device’s own page costs a fault, and no fill': withDevice(
    () => ({}),
    (device, { process, page }) => {
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
    },
  ),
}
