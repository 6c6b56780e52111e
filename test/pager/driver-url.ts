import type { DeviceHost } from '#vmarea/kernel/device-host.js'
import type { FileOperations } from '#vmarea/kernel/file-operations.js'

/** The URL of a module whose driver makes these operations. The function must use nothing but its arguments and what Node has. */
export function driverUrl<Options>(
  operations: (options: Options, host: DeviceHost) => FileOperations | Promise<FileOperations>,
): string {
  return `data:text/javascript,${encodeURIComponent(`export default { operations: ${operations} }`)}`
}
