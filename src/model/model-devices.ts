import type { Devices } from '../kernel/devices.js'
import type { FileOperations } from '../kernel/file-operations.js'
import type { RawDevice } from '../kernel/raw-device.js'
import type { RawPage } from '../kernel/raw-page.js'
import { VmError } from '../vocabulary/vm-error.js'
import type { Machine } from './machine.js'
import type { ModelFiles } from './model-files.js'
import { Page } from './page.js'
import { unmapFilePages } from './unmap-file-pages.js'

/** The modelled kernel as the one who calls a device's hooks. */
export class ModelDevices implements Devices {
  readonly #machine: Machine
  readonly #files: ModelFiles

  constructor(machine: Machine, files: ModelFiles) {
    this.#machine = machine
    this.#files = files
  }

  async open(): Promise<RawDevice> {
    throw new VmError('ENOSYS', 'open')
  }

  openDevice(operations: FileOperations, { size }: { readonly size: number }): number {
    return this.#files.openDevice(operations, size)
  }

  allocatePage(): RawPage {
    return new Page('driver', this.#machine.pageSize, 1)
  }

  invalidate(descriptor: number, offset: number, length: number): void {
    const file = this.#files.get(descriptor)
    if (file === undefined) throw new VmError('EBADF', 'unmap_mapping_range')
    const { pageSize } = this.#machine
    unmapFilePages(file.inode, Math.floor(offset / pageSize), Math.ceil((offset + length) / pageSize), true)
  }
}
