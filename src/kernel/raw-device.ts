import type { FaultSourceName } from '../vocabulary/fault-source-name.js'
import type { DeviceStatistics } from './device-statistics.js'
import type { FaultRecord } from './fault-record.js'
import type { Region } from './region.js'

/** The program's side of one open device. */
export interface RawDevice {
  /** Bytes, or `Infinity` where the device has no end. */
  readonly size: number
  readonly source: FaultSourceName
  /**
   * `serving`; `dead` when its thread has ended or does not answer, so that each touch of a page that is not there fails; `closed`.
   */
  readonly state: 'serving' | 'dead' | 'closed'
  /** A copy of the counters, now. */
  readonly statistics: DeviceStatistics

  /**
   * mmap(2) of the device: calls its `mmap` hook, and gives the region once that has agreed. Arguments as of `Regions.mapRegion`.
   * Throws what the hook threw; nothing stays mapped then.
   */
  map(address: bigint, length: number, protection: number, flags: number, offset: number): Region
  /**
   * Has the device's pages in `[offset, offset + length)` filled, and mapped wherever they are not yet. Resolves when all are in memory;
   * rejects with what the driver threw for the first that could not be, when all have been tried.
   */
  fill(offset: number, length: number, signal?: AbortSignal): Promise<void>
  /** As `DeviceHost.invalidate`, from the program's side. Resolves when no map has the old pages any more. */
  invalidate(offset: number, length: number): Promise<void>
  /** Adds to a fault in a region of this device what the device knows: that the driver failed, and its error. The error may be reported only once. */
  explain(fault: FaultRecord): FaultRecord
  /** Sets the driver up again, also of a dead device: `open`, and `mmap` for each region that is mapped. Pages in memory stay. */
  restart(): Promise<void>
  /** Ends the driver. Touching a page that is not there fails from then on; what is in memory stays readable until it is unmapped. */
  close(): Promise<void>
  /** Calls `listener` when `state` changes without having been asked to, with what ended the driver. */
  onDeath(listener: (cause: Error) => void): void
}
