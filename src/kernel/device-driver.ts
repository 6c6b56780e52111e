import type { DeviceHost } from './device-host.js'
import type { FileOperations } from './file-operations.js'

/**
 * What a driver module exports, raw: a function that makes the file operations of one device. `defineDevice` makes a `DeviceDriver` from
 * an author's hooks.
 */
export interface DeviceDriver {
  /** `options` is what the program gave to `openDevice` as `driver`. */
  readonly operations: (options: unknown, host: DeviceHost) => FileOperations | Promise<FileOperations>
}
