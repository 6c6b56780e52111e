import type { VmaUsage } from '../../vocabulary/vma-usage.js'
import type { AreaDetails } from '../proc/area-details.js'
import type { MapsTable } from '../proc/maps-table.js'
import type { SmapsTable } from '../proc/smaps-table.js'
import type { AreaReader } from './area-reader.js'
import { LinuxArea } from './linux-area.js'

/** The source of the details of the areas of one listing. */
export interface ListingDetails {
  /** The table of the listing itself, where it contains the details. */
  readonly table?: SmapsTable
  /** Reads the details of all areas together, at the first use. */
  of(area: LinuxArea, row: number): AreaDetails
  /** Reads the details of one area now, because the amount of memory changes all the time. */
  fresh(area: LinuxArea, row: number): AreaDetails
}

/** An area from a line of /proc/PID/maps or smaps. Its fields are made from the listing when they are read. */
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
