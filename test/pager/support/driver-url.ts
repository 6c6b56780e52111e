import type { DeviceHost } from '#vmarea/kernel/device-host.js'
import type { FileOperations } from '#vmarea/kernel/file-operations.js'

/**
 * The URL of a module whose driver makes these operations. The function must use nothing but its arguments, what Node has, and `page`, the
 * size of a page.
 */
export function driverUrl<Options>(
  operations: (options: Options, host: DeviceHost) => FileOperations | Promise<FileOperations>,
): string {
  const source = `let page
    const operations = ${operations}
    export default { operations(options, host) {
      page = host.pageSize
      return operations(options, host)
    } }`
  return `data:text/javascript,${encodeURIComponent(source)}`
}
