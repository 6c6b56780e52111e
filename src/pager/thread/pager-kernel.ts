import { addon } from '../../linux/addon/addon.js'
import { LinuxFiles } from '../../linux/linux-files.js'
import { LinuxSystemCalls } from '../../linux/linux-system-calls.js'
import { LinuxRegions } from '../../linux/regions/linux-regions.js'

/** What a pager's thread uses of the running kernel. It is not all of `LinuxKernel`, because it is loaded for each device that is opened. */
export class PagerKernel {
  readonly pageSize: number = addon().pageSize
  readonly calls: LinuxSystemCalls = new LinuxSystemCalls()
  readonly files: LinuxFiles = new LinuxFiles()
  readonly regions: LinuxRegions = new LinuxRegions()
}
