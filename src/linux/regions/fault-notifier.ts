import { closeSync } from 'node:fs'
import type { FaultRecord } from '../../kernel/fault-record.js'
import type { AddonFunctions } from '../addon/addon-functions.js'
import { faultFrom } from '../addon/fault-from.js'
import { sharedResults } from '../addon/shared-results.js'

/**
 * Wakes this thread's event loop when the signal handler has contained a fault: a pipe, because writing a byte to one is all that a
 * handler may do to reach JavaScript. It does not keep the loop alive.
 */
export class FaultNotifier {
  readonly #addon: AddonFunctions
  readonly #listener: (fault: FaultRecord, handle: number) => void

  /** @param listener `handle` is that of the region; 0 for memory that was unmapped, -1 for a fault that its own thread did not live to report */
  constructor(addon: AddonFunctions, listener: (fault: FaultRecord, handle: number) => void) {
    this.#addon = addon
    this.#listener = listener
    // The event loop does not turn again. What is contained later than this, the addon prints.
    process.on('exit', () => this.#drain())
    if (addon.pipe() < 0) return // Without descriptors left, faults are found at the next call on their mapping.
    const [readEnd, writeEnd] = sharedResults().results as unknown as [number, number]
    // Loaded here, because a pager's thread, which never comes here, is started for each device.
    const { Socket } = process.getBuiltinModule('node:net')
    const socket = new Socket({ fd: readEnd, readable: true, writable: false })
    socket.on('data', () => this.#drain())
    socket.on('error', () => {
      addon.setBell(-1)
      closeSync(writeEnd)
    })
    socket.unref()
    addon.setBell(writeEnd)
  }

  #drain(): void {
    const { results } = sharedResults()
    while (this.#addon.takeFault() !== 0) {
      const [address, access, reason, handle] = results as unknown as [number, number, number, number]
      this.#listener(faultFrom(address, access, reason), handle)
    }
  }
}
