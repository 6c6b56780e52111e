import type { ConformanceCases } from '../conformance-case.js'
import { driverUrl } from '../driver-url.js'
import { expect } from '../expect.js'
import { expectRejection } from '../expect-rejection.js'
import { openProbe } from './open-probe.js'
import { rootCause } from './root-cause.js'

/** Cases of what a driver module may be. */
export const driverModuleCases: ConformanceCases = {
  'a module that is no driver is refused, and named': {
    needs: ['devices'],
    async run({ process }) {
      const wrong = ['no-such-module', 'no-default', 'wrong-default', 'no-hooks']
      for (const name of wrong) {
        const error = await expectRejection(process.openDevice(driverUrl(name)), { code: 'ERR_VMAREA_NOT_A_DRIVER' })
        const named = name === 'no-hooks' || error.message.includes(driverUrl(name))
        expect(named, true, `the message names the module: ${error.message}`)
      }
      await expectRejection(process.openDevice('./driver.js'), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
      const error = await expectRejection(process.openDevice(driverUrl('no-set-up')), { code: 'EIO' })
      expect(rootCause(error).message, 'nothing can be set up here', 'cause')
    },
  },
  'what a module is given must be such that it can be copied': {
    needs: ['devices'],
    async run({ process }) {
      const given = { driver: { size: 4096, call: () => {} } }
      await expectRejection(process.openDevice(driverUrl('probe'), given), { code: 'ERR_VMAREA_INVALID_ARGUMENT' })
    },
  },
  'a driver whose open hook does not end is given up within the time limit': {
    needs: ['devices'],
    async run({ process, page }) {
      const opening = openProbe(process, { size: page, hangs: true }, { timeout: 300 })
      const error = await expectRejection(opening, { code: 'ETIMEDOUT', syscall: 'open' })
      const hint = "the driver's function and its open hook did not end within "
      expect(error.message.includes(hint), true, `the message says what did not end: ${error.message}`)
    },
  },
}
