import type { FaultSourceName } from '../vocabulary/fault-source-name.js'
import type { EvictionOrder } from '../vocabulary/reports/eviction-order.js'
import type { DeviceStatistics } from './device-statistics.js'
import type { FaultRecord } from './fault-record.js'
import type { Region } from './region.js'

/** The program's side of one open device. */
export interface RawDevice {
  /** Bytes, or `Infinity` where the device has no end. */
  readonly size: number
  readonly source: FaultSourceName
  /** Whether the driver takes back what programs write to shared maps. */
  readonly writesBack: boolean
  /**
   * `serving`; `dead` when its thread has ended or does not answer, so that each touch of a missing page fails; `closed`.
   */
  readonly state: 'serving' | 'dead' | 'closed'
  /** A copy of the counters, now. */
  readonly statistics: DeviceStatistics
  /**
   * Which pages leave next. Where another thread serves the device, this is the answer to the call before, and that thread is asked for the
   * next one. `undefined` without a budget, while no thread serves, and before the first answer.
   */
  evictionOrder(): EvictionOrder | undefined

  /**
   * mmap(2) of the device: calls its `mmap` hook, and returns the region if that did not throw. Arguments as of `Regions.mapRegion`.
   * Throws the error of the hook; nothing stays mapped then.
   */
  map(address: bigint, length: number, protection: number, flags: number, offset: number): Region
  /**
   * Fills the device's pages in `[offset, offset + length)`, and maps them wherever they are not yet. Resolves when all are in memory;
   * rejects, once all were tried, with the driver's error for the first page that failed.
   */
  fill(offset: number, length: number, signal?: AbortSignal): Promise<void>
  /**
   * Gives the driver what programs have written to `[offset, offset + length)`. Resolves when it has taken all; rejects, once all was
   * tried, with its error for the first page that failed, or for one that could not be evicted before.
   */
  flush(offset: number, length: number): Promise<void>
  /** As `flush`, and returns when the driver has taken all. Throws `ERR_VMAREA_WOULD_BLOCK` where that needs the calling thread. */
  flushNow(offset: number, length: number): void
  /** As `DeviceHost.invalidate`, from the program's side. Resolves when no map shows the old pages. */
  invalidate(offset: number, length: number): Promise<void>
  /** A fault in a region of this device with the error of the driver, if that failed. The error may be reported only once. */
  explain(fault: FaultRecord): FaultRecord
  /** Sets the driver up again, also of a dead device: `open`, and `mmap` for each region that is mapped. Pages in memory stay. */
  restart(): Promise<void>
  /**
   * Ends the driver, once it has taken what programs have written. Rejects where it could not. A touch of a missing page fails
   * from then on; pages in memory stay readable until they are unmapped.
   */
  close(): Promise<void>
  /** Calls `listener` when `state` changes without a call of the program, with the error that ended the driver. */
  onDeath(listener: (cause: Error) => void): void
}
