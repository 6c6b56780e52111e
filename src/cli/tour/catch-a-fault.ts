import { VmError } from '../../vocabulary/vm-error.js'
import { serveAFault } from './serve-a-fault.js'
import type { Stop } from './stop.js'

export const catchAFault: Stop = {
  title: 'Serve a page from TypeScript',
  explanation: `The other way round: memory whose bytes a function makes. This thread touches a page that does not exist. The kernel tells a Worker, which
    fills the page; only then does the touch return. The mechanism is userfaultfd.`,
  async show() {
    try {
      const served = await serveAFault()
      return [
        `this thread read bytes[i] in page ${served.page}, which was not there (userfaultfd by ${served.way})`,
        `a Worker answered with '${served.text}' after ${served.first.toFixed(0)} µs; the next read took ${served.again.toFixed(1)} µs`,
        `${served.resident} of ${served.pages} pages are there now`,
      ]
    } catch (error) {
      // An ordinary container refuses it: the tour continues.
      if (error instanceof VmError) return [`not here: ${error.message}`]
      throw error
    }
  },
}
