import type { AreaDetails } from '../proc/area-details.js'
import { procmapFields } from '../proc/procmap-query.js'
import type { AreaReader } from './area-reader.js'
import { LinuxArea } from './linux-area.js'

/** An area from the answer of `PROCMAP_QUERY`. */
export class QueriedArea extends LinuxArea {
  readonly start: bigint = procmapFields.start()
  readonly end: bigint = procmapFields.end()
  readonly permissions: number = procmapFields.permissions()
  readonly offset: bigint = procmapFields.offset()
  readonly deviceMajor: number = procmapFields.deviceMajor()
  readonly deviceMinor: number = procmapFields.deviceMinor()
  readonly inode: bigint = procmapFields.inode()
  readonly pathBytes: Uint8Array

  /** @param name for a query that returned none */
  constructor(addressSpace: AreaReader, name: Uint8Array = procmapFields.name()) {
    super(addressSpace)
    this.pathBytes = name
  }

  protected flagDetails(): AreaDetails {
    return this.addressSpace.detailsOf(this)
  }

  protected usageDetails(): AreaDetails {
    return this.addressSpace.detailsOf(this)
  }
}
