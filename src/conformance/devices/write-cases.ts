import { byteAt } from '../byte-at.js'
import type { ConformanceCases } from '../conformance-case.js'
import { expect } from '../expect.js'
import { faultOf } from './fault-of.js'
import { told } from './told.js'
import { withDevice } from './with-device.js'

/** Cases of writing to a device, and of its `pageMkwrite` hook. */
export const writeCases: ConformanceCases = {
  'a private write never reaches the device': withDevice(
    () => ({}),
    (device, { page }) => {
      using own = device.map({ protection: 'write' })
      using shared = device.map({ shared: true })
      own.write(100, new Uint8Array([99]))
      own.write(page + 100, new Uint8Array([99]))
      expect(byteAt(shared, page + 100), 1, 'the device’s page')
      expect(byteAt(shared, 100), 0, 'the device’s page')
      expect([byteAt(own, 100), byteAt(own, 101)], [99, 0], 'its own')
      using later = device.map()
      expect(byteAt(later, 100), 0, 'in a map made later')
    },
  ),
  'a shared write is seen in every shared map': withDevice(
    () => ({}),
    (device, { page }) => {
      using one = device.map({ protection: 'write', shared: true })
      using other = device.map({ shared: true })
      one.write(2 * page + 100, new Uint8Array([99]))
      expect([byteAt(other, 2 * page + 100), byteAt(other, 2 * page + 101)], [99, 2], 'bytes')
    },
  ),
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
}
