import { addon } from '../../linux/addon/addon.js'
import { LinuxFiles } from '../../linux/linux-files.js'
import { LinuxSystemCalls } from '../../linux/linux-system-calls.js'
import { LinuxRegions } from '../../linux/regions/linux-regions.js'

/**
 * The part of the running kernel that a pager's thread uses. It is smaller than `LinuxKernel`, because each device that is opened loads
 * it.
 */
export class PagerKernel {
  readonly pageSize: number = addon().pageSize
  readonly calls: LinuxSystemCalls = new LinuxSystemCalls()
  readonly files: LinuxFiles = new LinuxFiles()
  readonly regions: LinuxRegions = new LinuxRegions()
}
