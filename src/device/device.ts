import type { DeviceStatistics } from '../kernel/device-statistics.js'
import type { RawDevice } from '../kernel/raw-device.js'
import { Mmap } from '../mapping/handle/mmap.js'
import { MmapMut } from '../mapping/handle/mmap-mut.js'
import { checkRange } from '../mapping/memory/check-range.js'
import { createMapping } from '../mapping/memory/create-mapping.js'
import type { ProcessMemory } from '../mapping/memory/process-memory.js'
import { belongsToItsThread } from '../vocabulary/errors/belongs-to-its-thread.js'
import type { FaultSourceName } from '../vocabulary/fault-source-name.js'
import { checkOptions, type OptionRules } from '../vocabulary/options/check-options.js'
import { restOfRange } from '../vocabulary/options/rest-of-range.js'
import { PROT } from '../vocabulary/prot.js'
import type { PagerReport } from '../vocabulary/reports/pager-report.js'
import type { Reporter } from '../vocabulary/reports/reporter.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { DeviceBacking } from './device-backing.js'
import type { DeviceMapOptions } from './device-map-options.js'
import type { DeviceChange, DeviceObserver } from './device-observer.js'

export interface DeviceParts {
  readonly raw: RawDevice
  /** The driver's, for people. */
  readonly name: string
  readonly memory: ProcessMemory
  readonly observer: DeviceObserver | undefined
  /** In bytes; `Infinity` without a limit. */
  readonly residentLimit: number
}

const readyRules = { signal: 'signal' } as const
const mapRules: OptionRules<DeviceMapOptions> = {
  length: 'any',
  offset: 'any',
  shared: 'boolean',
  address: 'any',
  fixed: ['noreplace', 'replace'],
  foreign: 'boolean',
  noReserve: 'boolean',
  noCoreDump: 'boolean',
  advice: 'any',
  protection: ['read', 'write'],
}

/**
 * One open device: memory that a driver fills.
 *
 * @remarks Invariant: until `close`, a touch of its memory is answered by the driver or fails with a `MemoryFault`. It never reads zeros that
 * the driver did not give, and never waits longer than `timeout`.
 *
 * ```ts
 * await using device = await openDevice(new URL('./driver.js', import.meta.url))
 * using memory = device.map()
 * console.log(memory.bytes[0])
 * ```
 */
export class Device implements AsyncDisposable, Reporter {
  readonly #raw: RawDevice
  readonly #name: string
  readonly #memory: ProcessMemory
  readonly #observer: DeviceObserver | undefined
  /** Bytes of its pages that may be in memory, `Infinity` without a limit. */
  readonly residentLimit: number
  #closed = false
  /** @internal Structured clone rejects an object that has a function. */
  protected readonly thread: () => string = belongsToItsThread

  /** @internal Ask `openDevice` for one. */
  constructor({ raw, name, memory, observer, residentLimit }: DeviceParts) {
    this.#raw = raw
    this.#name = name
    this.#memory = memory
    this.#observer = observer
    this.residentLimit = residentLimit
    raw.onDeath((cause) => observer?.device('death', name, cause))
    this.#tell('open')
  }

  /** The raw device. */
  asRaw(): RawDevice {
    return this.#raw
  }

  /** Bytes, or `Infinity` where the device has no end. */
  get size(): number {
    return this.#raw.size
  }

  /** How its faults are taken. */
  get source(): FaultSourceName {
    return this.#raw.source
  }

  /**
   * `'serving'`; `'dead'` when the driver's thread has ended or does not answer, so that a touch of a page that is not in memory fails
   * until `restart()`; `'closed'`.
   */
  get state(): RawDevice['state'] {
    return this.#raw.state
  }

  /** A copy of the device's counters. */
  get statistics(): DeviceStatistics {
    return this.#raw.statistics
  }

  /** The counters as `offerStatistics` sends them. */
  report(): PagerReport {
    const {
      faults,
      hits,
      fills,
      bytesFilled,
      failures,
      waiting,
      bytesResident,
      bytesDropped,
      bytesWrittenBack,
      latency,
    } = this.statistics
    return {
      kind: 'device',
      state: this.state === 'closed' ? 'ended' : this.state,
      faults,
      waiting,
      failures,
      residentBytes: bytesResident,
      residentLimit: this.residentLimit === Infinity ? null : this.residentLimit,
      hits,
      requests: fills,
      bytesRead: bytesFilled,
      evictedBytes: bytesDropped,
      writtenBytes: this.#raw.writesBack ? bytesWrittenBack : null,
      stagedBytes: null,
      eviction: this.#raw.evictionOrder() ?? null,
      latency,
    }
  }

  /**
   * Maps a part of the device: mmap(2). The driver's `mmap` hook runs first. Without `shared`, a write makes a private copy of the page and
   * never reaches the device.
   *
   * @throws UsageError `ERR_VMAREA_DEVICE_CLOSED`, `ERR_VMAREA_INVALID_ARGUMENT`, `ERR_VMAREA_OUT_OF_RANGE`
   * @throws VmError from the `mmap` hook, with nothing left mapped: `EIO` where it threw, or the code of the `VmError` that it threw, such as
   * `EINVAL`, `EBUSY` or `EFAULT`; as mmap(2): `ENOMEM` where a limit was met, `EEXIST`, `EDEADLK`
   */
  map(options?: DeviceMapOptions & { readonly protection?: 'read' }): Mmap
  map(options: DeviceMapOptions & { readonly protection: 'write' }): MmapMut
  map(options: DeviceMapOptions): Mmap | MmapMut
  map(options: DeviceMapOptions = {}): Mmap | MmapMut {
    this.#checkOpen()
    const { protection = 'read', ...asked } = checkOptions('device.map()', options, mapRules)
    const { shared } = asked
    if (this.residentLimit < Infinity && shared === true && protection === 'write' && !this.#raw.writesBack) {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        'this device has a residentLimit and its driver no writeback hook, so that writes would go with the pages that are dropped: map it private, or without the limit',
      )
    }
    const request = { reserved: false, source: DeviceBacking.source(this.#raw, this.#name) }
    return protection === 'read'
      ? new Mmap(createMapping(this.#memory, asked, { ...request, protection: PROT.READ }))
      : new MmapMut(createMapping(this.#memory, asked, { ...request, protection: PROT.READ | PROT.WRITE }))
  }

  /**
   * Brings all pages that `[offset, offset + length)` touches into memory, and resolves when they are there: until they are dropped or
   * invalidated, an access to them does not wait. Where pages fail, rejects once all were tried.
   *
   * @throws what the driver threw for the first page that failed; UsageError `ERR_VMAREA_DEVICE_CLOSED`, `ERR_VMAREA_OUT_OF_RANGE`; VmError
   * `ENOMEM` where the range exceeds `residentLimit`, `EIO` on a dead device; the signal's reason
   */
  async ready(
    offset = 0,
    length: number = restOfRange(this.size, offset),
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const { signal } = checkOptions('device.ready()', options, readyRules)
    this.#checkOpen()
    this.#checkRange(offset, length, 'ready')
    await this.#raw.fill(offset, length, signal)
  }

  /**
   * Requests the pages that `[offset, offset + length)` touches from the driver, and returns at once. A page that fails is requested again
   * when it is touched.
   *
   * @throws UsageError `ERR_VMAREA_DEVICE_CLOSED`, `ERR_VMAREA_OUT_OF_RANGE`
   */
  prefetch(offset = 0, length: number = restOfRange(this.size, offset)): void {
    this.#checkOpen()
    this.#checkRange(offset, length, 'prefetch')
    this.#raw.fill(offset, length).catch(() => {})
  }

  /**
   * Drops the device's own pages that `[offset, offset + length)` touches, from memory and from every mapping: the next touch asks the
   * driver again. Resolves when no mapping shows the old ones. Private copies stay.
   *
   * @throws UsageError `ERR_VMAREA_DEVICE_CLOSED`, `ERR_VMAREA_OUT_OF_RANGE`; VmError `EIO` on a dead device
   */
  async invalidate(
    offset = 0,
    length: number = restOfRange(Math.min(this.size, Number.MAX_SAFE_INTEGER), offset),
  ): Promise<void> {
    this.#checkOpen()
    this.#checkRange(offset, length, 'invalidate')
    if (length > 0) await this.#raw.invalidate(offset, length)
  }

  /**
   * Sets the driver up again, also of a dead device: its function and `open` run, and `mmap` for each mapping. Pages in memory stay. Two
   * calls at once are one restart.
   *
   * @throws what the driver threw; UsageError `ERR_VMAREA_DEVICE_CLOSED`, also where the device is closed meanwhile
   */
  async restart(): Promise<void> {
    this.#checkOpen()
    await this.#raw.restart()
    this.#tell('restart')
  }

  /**
   * Ends the driver, once its `writeback` hook has taken what was written. Pages in memory stay readable until they are unmapped; a touch of
   * any other page fails. A second call does nothing.
   *
   * @throws VmError `EIO` where the driver did not take all that was written, with the number of bytes; the device is closed even so
   */
  async close(): Promise<void> {
    const first = !this.#closed
    this.#closed = true
    if (first) this.#tell('close')
    // The first call reports what was not written back.
    await this.#raw.close().catch((error) => {
      if (first) throw error
    })
  }

  /** Calls `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** One line: the state, the size, the driver and the source of its faults. */
  toString(): string {
    const [name, raw] = [this.#name, this.#raw]
    const size = raw.size === Infinity ? 'without an end' : `${raw.size} bytes`
    return `Device (${raw.state}, ${size}, driver '${name}', faults from ${raw.source})`
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }

  #tell(change: DeviceChange): void {
    this.#observer?.device(change, this.#name)
  }

  #checkOpen(): void {
    if (this.#raw.state !== 'closed') return
    throw new UsageError('ERR_VMAREA_DEVICE_CLOSED', `the device of '${this.#name}' was closed`)
  }

  #checkRange(offset: number, length: number, what: string): void {
    const { size } = this
    if (length === Infinity && size === Infinity) {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        `the device has no end: say how many bytes ${what} is to be about`,
      )
    }
    const sound = Number.isSafeInteger(offset) && offset >= 0 && Number.isSafeInteger(length) && length >= 0
    if (sound && Number.isSafeInteger(offset + length) && offset + length <= size) return
    checkRange(offset, length, Math.min(size, Number.MAX_SAFE_INTEGER), 'device')
  }
}
