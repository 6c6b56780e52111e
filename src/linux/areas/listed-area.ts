import type { VmaUsage } from '../../vocabulary/vma-usage.js'
import type { AreaDetails } from '../proc/area-details.js'
import type { MapsTable } from '../proc/maps-table.js'
import type { SmapsTable } from '../proc/smaps-table.js'
import type { AreaReader } from './area-reader.js'
import { LinuxArea } from './linux-area.js'

/** Where the details of the areas of one listing come from. */
export interface ListingDetails {
  /** The very table that the listing is of, where it has the details already. */
  readonly table?: SmapsTable
  /** Read for all areas together, on the first ask. */
  of(area: LinuxArea, row: number): AreaDetails
  /** Read now, for this one: what is in memory changes all the time. */
  fresh(area: LinuxArea, row: number): AreaDetails
}

/** An area as a line of /proc/PID/maps or smaps told it. Its fields are made from the listing when asked for. */
export class ListedArea extends LinuxArea {
  readonly #table: MapsTable
  readonly #row: number
  readonly #details: ListingDetails
  #name: Uint8Array | undefined

  constructor(addressSpace: AreaReader, table: MapsTable, row: number, details: ListingDetails) {
    super(addressSpace)
    this.#table = table
    this.#row = row
    this.#details = details
  }

  get start(): bigint {
    return this.#table.start(this.#row)
  }

  get end(): bigint {
    return this.#table.end(this.#row)
  }

  get permissions(): number {
    return this.#table.permissions(this.#row)
  }

  get offset(): bigint {
    return this.#table.offset(this.#row)
  }

  get deviceMajor(): number {
    return this.#table.deviceMajor(this.#row)
  }

  get deviceMinor(): number {
    return this.#table.deviceMinor(this.#row)
  }

  get inode(): bigint {
    return this.#table.inode(this.#row)
  }

  get pathBytes(): Uint8Array {
    this.#name ??= this.#table.nameIsAmbiguous(this.#row)
      ? this.addressSpace.rawName(this, this.#table.name(this.#row))
      : this.#table.name(this.#row)
    return this.#name
  }

  override get flags(): bigint {
    const { table } = this.#details
    return table === undefined ? super.flags : this.addressSpace.flagsOf(this, table.flags(this.#row))
  }

  override get unknownFlagCodes(): readonly string[] {
    const { table } = this.#details
    return table === undefined ? super.unknownFlagCodes : table.unknownFlagCodes(this.#row)
  }

  override usage(): VmaUsage {
    const { table } = this.#details
    return table === undefined ? super.usage() : table.usage(this.#row)
  }

  protected flagDetails(): AreaDetails {
    return this.#details.of(this, this.#row)
  }

  protected usageDetails(): AreaDetails {
    return this.#details.fresh(this, this.#row)
  }
}
