import type { RawDeviceOptions } from '../../kernel/devices.js'
import type { FaultSourceAddress } from '../source/fault-source-address.js'
import type { ServingThreadData } from './serving-thread-data.js'

/** What the thread of a device begins with. */
export interface PagerThreadData extends ServingThreadData {
  /** The URL of the driver's module. */
  readonly driver: string
  readonly options: Pick<RawDeviceOptions, 'driver' | 'timeout' | 'run' | 'residentLimit'>
  /** The memory file of the device's own pages, which stays the program's. */
  readonly file: number
  /** The memory file of pages that the driver owns, likewise. */
  readonly pages: number
  readonly source: FaultSourceAddress
}
