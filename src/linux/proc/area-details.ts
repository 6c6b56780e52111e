import type { VmaUsage } from '../../vocabulary/vma-usage.js'

/** The fields of one area that /proc/PID/smaps has and /proc/PID/maps lacks. */
export interface AreaDetails {
  readonly flags: bigint
  readonly unknownFlagCodes: readonly string[]
  usage(): VmaUsage
}
