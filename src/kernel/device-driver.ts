import type { DeviceHost } from './device-host.js'
import type { FileOperations } from './file-operations.js'

/** What a driver module exports, raw: it makes the file operations of one device. `defineDevice` makes one out of an author's hooks. */
export interface DeviceDriver {
  /** `options` is what the program gave to `openDevice` as `driver`. */
  readonly operations: (options: unknown, host: DeviceHost) => FileOperations | Promise<FileOperations>
}
