import type { AreaDetails } from '../proc/area-details.js'
import type { MapsTable } from '../proc/maps-table.js'
import type { SmapsTable } from '../proc/smaps-table.js'
import type { LinuxArea } from './linux-area.js'

/** The fields of areas by their rows, as `MapsTable` has them. */
export type AreaRows = Pick<
  MapsTable,
  'start' | 'end' | 'offset' | 'inode' | 'deviceMajor' | 'deviceMinor' | 'permissions' | 'name' | 'isAmbiguous'
>

/** The source of the details of the areas of one listing. */
export interface ListingDetails {
  /** The table of the listing itself, where it contains the details. */
  readonly table?: SmapsTable
  /** Reads the details of all areas together, at the first use. */
  of(area: LinuxArea, row: number): AreaDetails
  /** Reads the details of one area now, because the amount of memory changes all the time. */
  fresh(area: LinuxArea, row: number): AreaDetails
}

/** What areas are made of, with the source of their details: the answer of a query, or the rows of a listing. */
export interface AreaSource {
  readonly table: AreaRows
  readonly details: ListingDetails
}

/** A listing of areas, with the source of their details. */
export interface Listing extends AreaSource {
  readonly table: MapsTable
  /** What is not read yet, of a listing that is read as its areas are asked for. */
  readonly rest?: RestOfListing
}

/** What a listing has not read yet. */
export interface RestOfListing {
  /** Whether `read` goes on where it stopped: not after another listing has read the same file. */
  continues(): boolean
  /** Reads on. Returns false at the end. */
  read(): boolean
}
