import type { DeviceStatistics } from '../kernel/device-statistics.js'
import type { RawDevice } from '../kernel/raw-device.js'
import { Mmap } from '../mapping/handle/mmap.js'
import { MmapMut } from '../mapping/handle/mmap-mut.js'
import { createMapping } from '../mapping/memory/create-mapping.js'
import type { ProcessMemory } from '../mapping/memory/process-memory.js'
import type { FaultSourceName } from '../vocabulary/fault-source-name.js'
import { checkOptions, type OptionRules } from '../vocabulary/options/check-options.js'
import { PROT } from '../vocabulary/prot.js'
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
  /** No map of it may be written. */
  readonly readOnly: boolean
}

const mapRules: OptionRules<DeviceMapOptions> = {
  length: 'any',
  offset: 'any',
  shared: 'boolean',
  address: 'any',
  fixed: ['noreplace', 'replace'],
  noReserve: 'boolean',
  noCoreDump: 'boolean',
  advice: 'any',
  protection: ['read', 'write'],
}

/**
 * One open device: memory behind which a driver stands.
 *
 * @remarks Invariant: until `close`, a touch of its memory is answered by the driver, or fails with a `MemoryFault`: it never reads
 * zeros that nobody gave, and never waits longer than `timeout`.
 *
 * ```ts
 * await using device = await openDevice(new URL('./driver.js', import.meta.url))
 * using memory = device.map()
 * console.log(memory.bytes[0])
 * ```
 */
export class Device implements AsyncDisposable {
  readonly #raw: RawDevice
  readonly #name: string
  readonly #memory: ProcessMemory
  readonly #observer: DeviceObserver | undefined
  readonly #readOnly: boolean
  #closed = false

  /** @internal Ask `openDevice` for one. */
  constructor({ raw, name, memory, observer, readOnly }: DeviceParts) {
    this.#raw = raw
    this.#name = name
    this.#memory = memory
    this.#observer = observer
    this.#readOnly = readOnly
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

  /** How its faults come to the driver. */
  get source(): FaultSourceName {
    return this.#raw.source
  }

  /**
   * `'serving'`; `'dead'` when the driver's thread has ended or answers nothing, so that each touch of a page that is not there fails
   * until `restart()`; `'closed'`.
   */
  get state(): RawDevice['state'] {
    return this.#raw.state
  }

  /** What it has done so far: a copy of its counters. */
  get statistics(): DeviceStatistics {
    return this.#raw.statistics
  }

  /**
   * mmap(2) of the device. Its driver's `mmap` hook is asked first, and what that throws is thrown here, with nothing left mapped.
   *
   * Without `shared`, what is written is the mapping's own copy and never reaches the device.
   */
  map(options?: DeviceMapOptions & { readonly protection?: 'read' }): Mmap
  map(options: DeviceMapOptions & { readonly protection: 'write' }): MmapMut
  map(options: DeviceMapOptions): Mmap | MmapMut
  map(options: DeviceMapOptions = {}): Mmap | MmapMut {
    this.#checkOpen()
    const { protection = 'read', ...asked } = checkOptions('device.map()', options, mapRules)
    const { shared } = asked
    if (this.#readOnly && shared === true && protection === 'write') {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        'a device with a residentLimit can be read alone, for what is dropped would take writes with it: map it private, or without the limit',
      )
    }
    const request = { reserved: false, source: DeviceBacking.source(this.#raw, this.#name) }
    return protection === 'read'
      ? new Mmap(createMapping(this.#memory, asked, { ...request, protection: PROT.READ }))
      : new MmapMut(createMapping(this.#memory, asked, { ...request, protection: PROT.READ | PROT.WRITE }))
  }

  /**
   * Resolves when all pages that `[offset, offset + length)` touches are in memory, without blocking anything: reading them does not
   * wait then, as long as they are neither dropped nor invalidated. Rejects with what the driver threw for the first that can't be had,
   * once all were tried.
   */
  async ready(
    offset = 0,
    length: number = this.size - offset,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    this.#checkOpen()
    this.#checkRange(offset, length, 'ready')
    await this.#raw.fill(offset, length, options.signal)
  }

  /** Has the driver asked for the pages that `[offset, offset + length)` touches, and waits for nothing. What fails is left to who touches it. */
  prefetch(offset = 0, length: number = this.size - offset): void {
    this.#checkOpen()
    this.#checkRange(offset, length, 'prefetch')
    this.#raw.fill(offset, length).catch(() => {})
  }

  /**
   * Takes the device's own pages that `[offset, offset + length)` touches away from all who map them: the next touch asks the driver
   * again. Resolves when nobody has the old ones any more. Copies that were made by writing to a private mapping stay.
   */
  async invalidate(offset = 0, length: number = Math.min(this.size, Number.MAX_SAFE_INTEGER) - offset): Promise<void> {
    this.#checkOpen()
    this.#checkRange(offset, length, 'invalidate')
    if (length > 0) await this.#raw.invalidate(offset, length)
  }

  /**
   * Brings a dead device back, or begins a living one anew: its driver is set up again, with `open`, and with `mmap` for each mapping
   * that stands. Pages that are in memory stay. Two at once are one. Rejects with `ERR_VMAREA_DEVICE_CLOSED` where the device is closed
   * meanwhile.
   */
  async restart(): Promise<void> {
    this.#checkOpen()
    await this.#raw.restart()
    this.#tell('restart')
  }

  /**
   * Ends the driver. What is in memory stays readable until it is unmapped; a touch of anything else fails. A second time does nothing.
   */
  async close(): Promise<void> {
    if (!this.#closed) this.#tell('close')
    this.#closed = true
    await this.#raw.close()
  }

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
    throw new UsageError(
      'ERR_VMAREA_OUT_OF_RANGE',
      `the range of ${length} bytes from ${offset} on does not lie in the ${size} bytes of the device`,
    )
  }
}
