import type { DeviceDriver } from '../../kernel/device-driver.js'
import type { DeviceStatistics } from '../../kernel/device-statistics.js'
import type { RawDeviceOptions } from '../../kernel/devices.js'
import type { FaultRecord } from '../../kernel/fault-record.js'
import type { FileOperations } from '../../kernel/file-operations.js'
import { hookError } from '../../kernel/hook-error.js'
import type { RawDevice } from '../../kernel/raw-device.js'
import { unlessAborted } from '../../kernel/unless-aborted.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { Driver } from '../hooks/driver.js'
import { fetchRange } from '../hooks/fetch-range.js'
import { mapAgain } from '../hooks/map-again.js'
import { Inode } from '../structs/inode.js'
import type { Machine } from '../structs/machine.js'
import { OpenFile } from '../structs/open-file.js'
import { ModelDeviceHost } from './model-device-host.js'
import type { ModelRegion } from './model-region.js'
import type { ModelRegions } from './model-regions.js'

/** A device of a modelled process. Its driver runs where the program does, so that it can't die on its own. */
export class ModelDevice implements RawDevice {
  readonly source = 'model'
  readonly #regions: ModelRegions
  readonly #definition: DeviceDriver
  readonly #options: RawDeviceOptions
  readonly #driver: Driver
  readonly #file: OpenFile
  #host: ModelDeviceHost
  #closed: Promise<void> | undefined
  #restarting: Promise<void> | undefined
  readonly #onClose: (() => void)[] = []

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
    // What may be dropped may not be written: no map of the file may become writable.
    this.#file = new OpenFile(driver.inode, true, options.residentLimit === Infinity)
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
      const operations = await unlessAborted(begin(definition, options, host), host.signal)
      const inode = new Inode(machine, 'device', '/dev/vmarea', false)
      inode.size = operations.size ?? Infinity
      const driver = new Driver(inode, operations, options)
      host.driver = driver
      const device = new ModelDevice(regions, definition, options, host, driver)
      const close = () => void device.close().catch(() => {})
      signal?.addEventListener('abort', close, { once: true })
      device.onClose(() => signal?.removeEventListener('abort', close))
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
    if (this.#closed !== undefined) return 'closed'
    return this.#driver.ended === undefined ? 'serving' : 'dead'
  }

  get statistics(): DeviceStatistics {
    return this.#driver.statistics
  }

  map(address: bigint, length: number, protection: number, flags: number, offset: number): ModelRegion {
    this.#checkServing('mmap')
    return this.#regions.mapFile(address, length, protection, flags, this.#file, offset)
  }

  async fill(offset: number, length: number, signal?: AbortSignal): Promise<void> {
    this.#checkServing('fill')
    const { pageSize } = this.#driver.inode.machine
    const [first, last] = [Math.floor(offset / pageSize), Math.ceil((offset + length) / pageSize)]
    await unlessAborted(fetchRange(this.#driver, first, last, signal), signal)
  }

  async invalidate(offset: number, length: number): Promise<void> {
    const { pageSize } = this.#driver.inode.machine
    this.#driver.invalidate(Math.floor(offset / pageSize), Math.ceil((offset + length) / pageSize))
  }

  explain(fault: FaultRecord): FaultRecord {
    return fault
  }

  /** Of a map whose area was cut, each part has its `mmap` hook called. */
  restart(): Promise<void> {
    this.#restarting ??= this.#beginAnew().finally(() => {
      this.#restarting = undefined
    })
    return this.#restarting
  }

  close(): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  onDeath(): void {}

  /** Calls `listener` when the device is closed. */
  onClose(listener: () => void): void {
    this.#onClose.push(listener)
  }

  async #end(): Promise<void> {
    const closed = new VmError('ENODEV', 'fault', { hint: 'the device was closed' })
    this.#driver.end(closed)
    this.#host.end(closed)
    for (const listener of this.#onClose) listener()
    await this.#released()
    this.#file.put()
  }

  /** Calls the `close` hook, and waits for it no longer than for any answer. What it throws is of no use to anybody. */
  async #released(): Promise<void> {
    const { timeout } = this.#options
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<void>((resolve) => {
      if (timeout !== Infinity) timer = setTimeout(resolve, timeout)
    })
    try {
      await Promise.race([this.#driver.release(), late])
    } catch {
    } finally {
      clearTimeout(timer)
    }
  }

  async #beginAnew(): Promise<void> {
    this.#checkOpen()
    const driver = this.#driver
    driver.suspend()
    this.#host.end(new VmError('EIO', 'restart', { hint: 'the device is begun anew' }))
    await this.#released()
    this.#checkOpen()
    const host = new ModelDeviceHost(driver.inode.machine.pageSize)
    this.#host = host
    // Pages are left in memory, and the driver may want to be rid of them before anybody sees them again.
    host.driver = driver
    try {
      const operations = await unlessAborted(begin(this.#definition, this.#options, host), host.signal)
      this.#checkOpen()
      driver.inode.size = operations.size ?? Infinity
      for (const vma of [...driver.inode.mappings]) mapAgain(vma, operations)
      driver.replace(operations)
    } catch (error) {
      this.#checkOpen()
      host.end(error)
      driver.end(hookError(error, 'restart'))
      throw error
    }
  }

  #checkServing(syscall: string): void {
    this.#checkOpen()
    const { ended } = this.#driver
    if (ended !== undefined)
      throw new VmError('EIO', syscall, { hint: 'the driver has ended: restart it', cause: ended })
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw new UsageError('ERR_VMAREA_DEVICE_CLOSED', 'the device was closed')
  }
}

/** Has the driver make its operations, and opens them. */
async function begin(
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
  // Nobody waits for it any more.
  await operations.close?.()
  throw host.signal.reason
}
