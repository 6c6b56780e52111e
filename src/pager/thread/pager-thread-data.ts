import type { MessagePort } from 'node:worker_threads'
import type { RawDeviceOptions } from '../../kernel/devices.js'
import type { FaultSourceAddress } from '../source/fault-source-address.js'

/** What a pager's thread begins with. */
export interface PagerThreadData {
  /** The URL of the driver's module. */
  readonly driver: string
  readonly options: Pick<RawDeviceOptions, 'driver' | 'timeout' | 'run' | 'residentLimit'>
  /** The memory file of the device's own pages, which stays the program's. */
  readonly file: number
  /** The memory file of pages that the driver owns, likewise. */
  readonly pages: number
  readonly source: FaultSourceAddress
  /** How long an access waits at most, whatever the thread does, in milliseconds. */
  readonly deadline: number
  readonly state: SharedArrayBuffer
  readonly port: MessagePort
}
