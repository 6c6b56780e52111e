import type { DeviceHost } from '#vmarea/kernel/device-host.js'
import type { FileOperations } from '#vmarea/kernel/file-operations.js'
import { thisProcess } from '#vmarea/this-process.js'

/**
 * The URL of a module whose driver makes these operations. The function must use nothing but its arguments, what Node has, and `page`, the
 * size of a page.
 */
export function driverUrl<Options>(
  operations: (options: Options, host: DeviceHost) => FileOperations | Promise<FileOperations>,
): string {
  const { pageSize } = thisProcess().kernel
  return `data:text/javascript,${encodeURIComponent(`const page = ${pageSize}\nexport default { operations: ${operations} }`)}`
}
