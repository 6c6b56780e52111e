import type { FaultRecord } from '../../kernel/fault-record.js'
import type { AddonFunctions } from '../addon/addon-functions.js'
import { closeDescriptor } from '../addon/close-descriptor.js'
import { faultFrom } from '../addon/fault-from.js'
import { sharedResults } from '../addon/shared-results.js'

/**
 * Wakes this thread's event loop when the signal handler has contained a fault. It is a pipe, because writing a byte to a pipe is the
 * only way in which a signal handler may reach JavaScript. It does not keep the event loop alive.
 */
export class FaultNotifier {
  readonly #addon: AddonFunctions
  readonly #listener: (fault: FaultRecord, handle: number) => void

  /**
   * @param listener `handle` is that of the region; 0 for memory that was unmapped, -1 for a fault whose own thread ended before it could
   * report it
   */
  constructor(addon: AddonFunctions, listener: (fault: FaultRecord, handle: number) => void) {
    this.#addon = addon
    this.#listener = listener
    // The event loop does not run again: the addon prints later faults.
    process.on('exit', () => this.#drain())
    if (addon.pipe() < 0) return // Without descriptors left, faults are found at the next call on their mapping.
    const [readEnd, writeEnd] = sharedResults().results as unknown as [number, number]
    // Loaded here, because a pager's thread does not use it and is started for each device.
    const { Socket } = process.getBuiltinModule('node:net')
    const socket = new Socket({ fd: readEnd, readable: true, writable: false })
    socket.on('data', () => this.#drain())
    socket.on('error', () => {
      addon.setBell(-1)
      closeDescriptor(writeEnd)
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
