import { VM } from '../../vocabulary/vm.js'
import { byteAt } from '../byte-at.js'
import type { ConformanceCases } from '../conformance-case.js'
import { expect } from '../expect.js'
import { expectError } from '../expect-error.js'
import { expectRejection } from '../expect-rejection.js'
import { flagsAt } from './flags-at.js'
import { openProbe } from './open-probe.js'
import { told } from './told.js'
import { withDevice } from './with-device.js'

/** Cases of time limits, `close` and `restart`. */
export const endingCases: ConformanceCases = {
  'an access that the driver does not answer fails at the time limit, and the device keeps serving': withDevice(
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
  'after close what is in memory stays readable, and nothing else': withDevice(
    () => ({}),
    async (device, { page }) => {
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
    },
  ),
  'a close hook that throws or never ends does not keep close waiting': {
    needs: ['devices'],
    async run({ process, page }) {
      for (const close of ['throws', 'never ends'] as const) {
        const device = await openProbe(process, { size: page, close }, { timeout: 500 })
        await device.close()
        expect(device.state, 'closed', close)
      }
    },
  },
  'the signal closes the device': {
    needs: ['devices'],
    async run({ process, page }) {
      const end = new AbortController()
      const device = await openProbe(process, { size: page }, { signal: end.signal })
      using memory = device.map()
      end.abort()
      expect(device.state, 'closed', 'state')
      await device.close()
      expectError(() => byteAt(memory, 0), { code: 'ERR_VMAREA_FAULT', reason: 'driver' })
      await expectRejection(openProbe(process, { size: page }, { signal: end.signal }), { name: 'AbortError' })
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
      const device = await openProbe(process, { size: page }, { signal })
      expect(listeners.size, 1, 'listeners of an open device')
      await device.close()
      expect(listeners.size, 0, 'listeners of a closed device')
    },
  },
  'restart sets the driver up again, and keeps the pages in memory and the maps': withDevice(
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
}
