import { VmError } from '../../vocabulary/vm-error.js'
import { serveAFault } from './serve-a-fault.js'
import type { Stop } from './stop.js'

export const catchAFault: Stop = {
  title: 'Serve a page from TypeScript',
  async show() {
    try {
      const served = await serveAFault()
      return [
        `userfaultfd by ${served.way}; this thread read a plain bytes[i] of page ${served.page}, which was not there`,
        `a Worker answered with '${served.text}' after ${served.first.toFixed(0)} µs; the next read took ${served.again.toFixed(1)} µs`,
        `${served.resident} of ${served.pages} pages are there now`,
      ]
    } catch (error) {
      // An ordinary container refuses it, and the tour goes on.
      if (error instanceof VmError) return [`not here: ${error.message}`]
      throw error
    }
  },
}
