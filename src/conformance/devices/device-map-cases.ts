import { byteAt } from '../byte-at.js'
import type { ConformanceCases } from '../conformance-case.js'
import { expect } from '../expect.js'
import { expectError } from '../expect-error.js'
import { faultOf } from './fault-of.js'
import { openProbe } from './open-probe.js'
import { rootCause } from './root-cause.js'
import { told } from './told.js'
import { withDevice } from './with-device.js'

/** Cases of maps of a device that are split, merged and protected. */
export const deviceMapCases: ConformanceCases = {
  'a map of a device splits and merges, and its parts go on faulting': withDevice(
    () => ({}),
    (device, { page }) => {
      using head = device.map()
      using tail = head.splitOff(8 * page)
      expect([byteAt(head, 7 * page + 100), byteAt(tail, page + 100)], [7, 9], 'bytes')
      using other = device.map()
      expectError(() => head.merge(other), {})
      head.merge(tail)
      expect([byteAt(head, 10 * page + 100), byteAt(head, 9 * page + 100)], [10, 9], 'bytes of the whole')
    },
  ),
  'a map without access keeps its pages': withDevice(
    () => ({}),
    (device, { page }) => {
      const memory = device.map({ shared: true })
      expect(byteAt(memory, page + 100), 1, 'before')
      using back = memory.makeNone().makeReadOnly()
      expect([byteAt(back, page + 100), byteAt(back, 2 * page + 100)], [1, 2], 'afterwards')
      expect(told(back, page, 'fills'), 1, 'fills')
    },
  ),
  'bytes of a device are plain bytes': {
    needs: ['devices', 'views'],
    async run({ process, page }) {
      await using device = await openProbe(process, { size: 16 * page, broken: [[3, 1]] }, { run: page })
      using memory = device.map()
      expect([memory.bytes[page + 100], memory.bytes[2 * page + 100]], [1, 2], 'bytes')
      const fault = faultOf(() => memory.access((bytes) => bytes[3 * page + 100]))
      expect([Reflect.get(fault, 'reason'), rootCause(fault).message], ['driver', 'page 3 is broken'], 'fault')
      expect(
        memory.access((bytes) => bytes[3 * page + 100]),
        3,
        'the second time',
      )
    },
  },
  'a fault in raw bytes is reported with its cause, and restore heals it': {
    needs: ['devices', 'views'],
    async run({ process, page }) {
      await using device = await openProbe(process, { size: 16 * page, broken: [[3, 1]] }, { run: page })
      using memory = device.map()
      expect(memory.bytes[3 * page + 100], 0, 'a byte of the broken page')
      expect(memory.fault?.reason, 'driver', 'reason')
      expect(rootCause(memory.fault).message, 'page 3 is broken', 'cause')
      memory.restore()
      expect(memory.bytes[3 * page + 100], 3, 'afterwards')
    },
  },
}
