import type { DeviceDriver } from '../../kernel/device-driver.js'
import type { DeviceStatistics } from '../../kernel/device-statistics.js'
import type { RawDeviceOptions } from '../../kernel/devices.js'
import { hookError } from '../../kernel/errors/hook-error.js'
import type { FaultRecord } from '../../kernel/fault-record.js'
import type { FileOperations } from '../../kernel/file-operations.js'
import type { RawDevice } from '../../kernel/raw-device.js'
import { unlessAborted } from '../../kernel/unless-aborted.js'
import { answerTimeout } from '../../paging/answer-timeout.js'
import { checkResidentLimit } from '../../paging/check-resident-limit.js'
import { DeviceLifetime } from '../../paging/device-lifetime.js'
import { openingLimit } from '../../paging/opening-limit.js'
import { unwrittenError } from '../../paging/unwritten-error.js'
import type { EvictionOrder } from '../../vocabulary/reports/eviction-order.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { Driver } from '../hooks/driver.js'
import { mapAgain } from '../hooks/map-again.js'
import { Inode } from '../structs/inode.js'
import type { Machine } from '../structs/machine.js'
import { OpenFile } from '../structs/open-file.js'
import { inTime } from './in-time.js'
import { ModelDeviceHost } from './model-device-host.js'
import type { ModelRegion } from './model-region.js'
import type { ModelRegions } from './model-regions.js'

/** A device of a modelled process. Its driver runs on the program's thread, so that it can't die alone. */
export class ModelDevice implements RawDevice {
  readonly source = 'model'
  readonly #regions: ModelRegions
  readonly #definition: DeviceDriver
  readonly #options: RawDeviceOptions
  readonly #driver: Driver
  readonly #file: OpenFile
  #host: ModelDeviceHost
  readonly #lifetime = new DeviceLifetime()

  private constructor(
    regions: ModelRegions,
    definition: DeviceDriver,
    options: RawDeviceOptions,
    host: ModelDeviceHost,
    driver: Driver,
  ) {
    this.#regions = regions
    this.#definition = definition
    this.#options = options
    this.#host = host
    this.#driver = driver
    // A resident limit drops pages, which would lose writes that the driver does not take: no map of the file may become writable.
    this.#file = new OpenFile(driver.inode, true, options.residentLimit === Infinity || this.writesBack)
  }

  static async open(
    machine: Machine,
    regions: ModelRegions,
    definition: DeviceDriver,
    options: RawDeviceOptions,
  ): Promise<ModelDevice> {
    const { signal } = options
    signal?.throwIfAborted()
    const host = new ModelDeviceHost(machine.pageSize)
    const giveUp = () => host.end(signal!.reason)
    signal?.addEventListener('abort', giveUp)
    try {
      const operations = await begin(definition, options, host)
      const inode = new Inode(machine, 'device', '/dev/vmarea', false)
      inode.size = operations.size ?? Infinity
      const driver = new Driver(inode, operations, options)
      host.driver = driver
      const device = new ModelDevice(regions, definition, options, host, driver)
      device.#lifetime.closeOn(signal, () => device.close())
      return device
    } catch (error) {
      host.end(error)
      throw error
    } finally {
      signal?.removeEventListener('abort', giveUp)
    }
  }

  get size(): number {
    return this.#driver.inode.size
  }

  get state(): 'serving' | 'dead' | 'closed' {
    if (this.#lifetime.isClosed) return 'closed'
    return this.#driver.state.name === 'ended' ? 'dead' : 'serving'
  }

  get writesBack(): boolean {
    return this.#driver.operations.writeback !== undefined
  }

  get statistics(): DeviceStatistics {
    return this.#driver.statistics
  }

  evictionOrder(): EvictionOrder | undefined {
    return this.state === 'serving' ? this.#driver.resident?.order() : undefined
  }

  map(address: bigint, length: number, protection: number, flags: number, offset: number): ModelRegion {
    this.#checkServing('mmap')
    return this.#regions.mapFile(address, length, protection, flags, this.#file, offset)
  }

  async fill(offset: number, length: number, signal?: AbortSignal): Promise<void> {
    checkResidentLimit(length, this.#options.residentLimit)
    this.#checkServing('fault')
    await this.#driver.fetch(offset, length, signal)
  }

  async flush(offset: number, length: number): Promise<void> {
    await this.#driver.writeBacks?.flush(offset, offset + length)
  }

  flushNow(offset: number, length: number): void {
    this.#driver.writeBacks?.flushNow(offset, offset + length)
  }

  async invalidate(offset: number, length: number): Promise<void> {
    this.#driver.invalidate(offset, length)
  }

  explain(fault: FaultRecord): FaultRecord {
    return fault
  }

  /** Calls the `mmap` hook for each part of a map whose area was split. */
  restart(): Promise<void> {
    return this.#lifetime.restart(() => this.#restart())
  }

  close(): Promise<void> {
    return this.#lifetime.close(() => this.#end())
  }

  onDeath(): void {}

  /** Calls `listener` when the device is closed. */
  onClose(listener: () => void): void {
    this.#lifetime.closing.addEventListener('abort', listener, { once: true })
  }

  async #end(): Promise<void> {
    const driver = this.#driver
    let failure: unknown
    if (driver.statistics.bytesUnwritten > 0) failure = await this.flush(0, driver.inode.size).catch((error) => error)
    const closed = new VmError('ENODEV', 'fault', { hint: 'the device was closed' })
    this.#driver.end(closed)
    this.#host.end(closed)
    await this.#released()
    this.#file.put()
    const { bytesUnwritten } = driver.statistics
    if (bytesUnwritten > 0) throw unwrittenError(bytesUnwritten, failure)
  }

  /** Calls the `close` hook, and waits for it within the time limit. Its error is ignored, because no call waits for it. */
  async #released(): Promise<void> {
    const error = answerTimeout('close', this.#options.timeout)
    await inTime(this.#driver.release(), { limit: this.#options.timeout, error }).catch(() => {})
  }

  async #restart(): Promise<void> {
    this.#lifetime.checkOpen()
    const driver = this.#driver
    driver.suspend()
    this.#host.end(new VmError('EIO', 'restart', { hint: 'the device is being restarted' }))
    // Late bytes of the old hooks would replace newer ones.
    if (driver.statistics.bytesUnwritten > 0) await driver.writeBacks?.stop()
    await this.#released()
    this.#lifetime.checkOpen()
    const host = new ModelDeviceHost(driver.inode.machine.pageSize)
    this.#host = host
    // Pages stay in memory: let the driver invalidate them before a mapping shows them again.
    host.driver = driver
    try {
      const operations = await begin(this.#definition, this.#options, host)
      this.#lifetime.checkOpen()
      driver.inode.size = operations.size ?? Infinity
      for (const vma of [...driver.inode.mappings]) mapAgain(vma, operations)
      driver.replace(operations)
    } catch (error) {
      this.#lifetime.checkOpen()
      host.end(error)
      driver.end(hookError(error, 'restart'))
      throw error
    }
  }

  #checkServing(syscall: string): void {
    this.#lifetime.checkOpen()
    const { state } = this.#driver
    if (state.name !== 'ended') return
    throw new VmError('EIO', syscall, { hint: 'the driver has ended: restart() the device', cause: state.error })
  }
}

/** Calls the driver's function and its `open` hook, within the time limit and unless the host is ended. */
function begin(definition: DeviceDriver, options: RawDeviceOptions, host: ModelDeviceHost): Promise<FileOperations> {
  return inTime(unlessAborted(setUp(definition, options, host), host.signal), openingLimit('set up', options.timeout))
}

async function setUp(
  definition: DeviceDriver,
  { driver: options }: RawDeviceOptions,
  host: ModelDeviceHost,
): Promise<FileOperations> {
  const operations = await definition.operations(options, host)
  try {
    host.signal.throwIfAborted()
    await operations.open?.()
  } catch (error) {
    throw hookError(error, 'open')
  }
  if (!host.signal.aborted) return operations
  // The opening was aborted meanwhile.
  await operations.close?.()
  throw host.signal.reason
}
