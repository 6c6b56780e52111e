import type { RawDeviceOptions } from '../../kernel/devices.js'
import type { FaultSourceAddress } from '../source/fault-source-address.js'
import type { ServingThreadData } from './serving-thread-data.js'

/** The start data of the thread of a device. */
export interface PagerThreadData extends ServingThreadData {
  /** The URL of the driver's module. */
  readonly driver: string
  readonly options: Pick<RawDeviceOptions, 'driver' | 'timeout' | 'run' | 'residentLimit'>
  /** The descriptor of the memory file of the device's own pages, which the program owns. */
  readonly file: number
  /** The descriptor of the memory file of pages that the driver owns, which the program owns too. */
  readonly pages: number
  /** The descriptor of the memory file that notes which pages programs have written to, which the program owns too. */
  readonly written: number
  readonly source: FaultSourceAddress
}
