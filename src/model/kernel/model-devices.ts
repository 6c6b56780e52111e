import type { DeviceDriver } from '../../kernel/device-driver.js'
import type { Devices, RawDeviceOptions } from '../../kernel/devices.js'
import type { FileOperations } from '../../kernel/file-operations.js'
import { loadDriver } from '../../kernel/load-driver.js'
import type { RawPage } from '../../kernel/raw-page.js'
import { unlessAborted } from '../../kernel/unless-aborted.js'
import { openingLimit } from '../../paging/opening-limit.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { Driver } from '../hooks/driver.js'
import { Inode } from '../structs/inode.js'
import type { Machine } from '../structs/machine.js'
import { OpenFile } from '../structs/open-file.js'
import { Page } from '../structs/page.js'
import { inTime } from './in-time.js'
import { ModelDevice } from './model-device.js'
import type { ModelFiles } from './model-files.js'
import type { ModelRegions } from './model-regions.js'

/** Opens devices of the modelled kernel, which calls their hooks itself. */
export class ModelDevices implements Devices {
  readonly #machine: Machine
  readonly #files: ModelFiles
  readonly #regions: ModelRegions
  readonly #open = new Set<ModelDevice>()

  constructor(machine: Machine, files: ModelFiles, regions: ModelRegions) {
    this.#machine = machine
    this.#files = files
    this.#regions = regions
  }

  async open(driver: string | DeviceDriver, options: RawDeviceOptions): Promise<ModelDevice> {
    if (options.source !== undefined && options.source !== 'model') {
      throw new UsageError(
        'ERR_VMAREA_UNSUPPORTED',
        `the modelled kernel calls a driver itself: its source is 'model', and '${options.source}' is not available`,
      )
    }
    const definition = typeof driver === 'string' ? await loadInTime(driver, options) : driver
    const device = await ModelDevice.open(this.#machine, this.#regions, definition, options)
    this.#open.add(device)
    device.onClose(() => this.#open.delete(device))
    return device
  }

  /** A device as a descriptor, for mmap(2) itself: its hooks are called at once, without a time limit. */
  openDevice(operations: FileOperations, { size }: { readonly size: number }): number {
    const { pageSize } = this.#machine
    const inode = new Inode(this.#machine, 'device', '/dev/vmarea', false)
    inode.size = size
    const run = { least: pageSize, most: pageSize }
    new Driver(inode, operations, { timeout: Infinity, run, residentLimit: Infinity })
    void operations.open?.()
    return this.#files.install(new OpenFile(inode, true, true))
  }

  allocatePage(): RawPage {
    return new Page('driver', this.#machine.pageSize, 1)
  }

  /** Closes a device that `openDevice` opened. */
  invalidate(descriptor: number, offset: number, length: number): void {
    const driver = Driver.of(this.#files.get(descriptor)?.inode)
    if (driver === undefined) throw new VmError('EBADF', 'unmap_mapping_range')
    driver.invalidate(offset, length)
  }

  /** Closes all devices, because the process ends. */
  closeAll(): void {
    for (const device of this.#open) device.close().catch(() => {})
  }
}

function loadInTime(url: string, { timeout, signal }: RawDeviceOptions): Promise<DeviceDriver> {
  return inTime(unlessAborted(loadDriver(url), signal), openingLimit('load', timeout))
}
