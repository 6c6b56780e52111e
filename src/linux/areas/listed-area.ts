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

/** A listing of areas, with the source of their details. */
export interface Listing {
  readonly table: MapsTable
  readonly details: ListingDetails
  /** Reads further areas into the table: of a listing that is read as its areas are asked for. */
  readonly rest?: RestOfListing
}

/** What a listing has not read yet. */
export interface RestOfListing {
  /** Whether `read` goes on where it stopped: not after another listing has read the same file. */
  continues(): boolean
  /** Reads on. Returns false at the end. */
  read(): boolean
}

/** An area from a line of /proc/PID/maps or smaps. Its fields are made from the listing when they are read. */
export class ListedArea extends LinuxArea {
  readonly #listing: Listing
  readonly #row: number
  /** Read at once: each of the four permissions is made from it. */
  readonly permissions: number
  #rawName: Uint8Array | undefined

  constructor(addressSpace: AreaReader, listing: Listing, row: number) {
    super(addressSpace)
    this.#listing = listing
    this.#row = row
    this.permissions = listing.table.permissions(row)
  }

  get start(): bigint {
    return this.#listing.table.start(this.#row)
  }

  get end(): bigint {
    return this.#listing.table.end(this.#row)
  }

  get offset(): bigint {
    return this.#listing.table.offset(this.#row)
  }

  get deviceMajor(): number {
    return this.#listing.table.deviceMajor(this.#row)
  }

  get deviceMinor(): number {
    return this.#listing.table.deviceMinor(this.#row)
  }

  get inode(): bigint {
    return this.#listing.table.inode(this.#row)
  }

  get pathBytes(): Uint8Array {
    const { table } = this.#listing
    const name = table.name(this.#row)
    if (!table.isAmbiguous(name)) return name
    this.#rawName ??= this.addressSpace.rawName(this, name)
    return this.#rawName
  }

  override get flags(): bigint {
    const { table } = this.#listing.details
    return table === undefined ? super.flags : this.addressSpace.flagsOf(this, table.flags(this.#row))
  }

  override get unknownFlagCodes(): readonly string[] {
    const { table } = this.#listing.details
    return table === undefined ? super.unknownFlagCodes : table.unknownFlagCodes(this.#row)
  }

  override usage(): VmaUsage {
    const { table } = this.#listing.details
    return table === undefined ? super.usage() : table.usage(this.#row)
  }

  protected flagDetails(): AreaDetails {
    return this.#listing.details.of(this, this.#row)
  }

  protected usageDetails(): AreaDetails {
    return this.#listing.details.fresh(this, this.#row)
  }
}
