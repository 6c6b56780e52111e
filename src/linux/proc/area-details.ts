import type { VmaUsage } from '../../vocabulary/vma-usage.js'

/** What /proc/PID/smaps has of one area beyond /proc/PID/maps. */
export interface AreaDetails {
  readonly flags: bigint
  readonly unknownFlagCodes: readonly string[]
  usage(): VmaUsage
}
