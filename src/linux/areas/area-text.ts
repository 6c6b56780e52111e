import { hex } from '../../vocabulary/hex.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import type { AreaDetails } from '../proc/area-details.js'
import { MapsTable } from '../proc/maps-table.js'
import { PROCESS_GONE, type ProcFiles } from '../proc/proc-files.js'
import { readText } from '../proc/read-text.js'
import { SmapsTable } from '../proc/smaps-table.js'
import { type TakeLines, TextReader } from '../proc/text-reader.js'
import type { LinuxArea } from './linux-area.js'
import type { Listing, ListingDetails } from './listing.js'

/** The areas of a process from the text of /proc/PID/maps and smaps. Throws `ESRCH` where the process has ended. */
export class AreaText {
  readonly #files: ProcFiles
  readonly #mustStand: () => void
  /** The passes over smaps that were begun. */
  #passes = 0

  /** @param mustStand throws where the process has ended or runs another program */
  constructor(files: ProcFiles, mustStand: () => void) {
    this.#files = files
    this.#mustStand = mustStand
  }

  /** All areas. The first use of a detail reads the details of all. */
  listing(): Listing {
    let read: SmapsTable | undefined
    const details: ListingDetails = {
      of: (area) => {
        read ??= this.#readDetails()
        return detailsIn(read, area)
      },
      fresh: (area) => this.detailsOf(area),
    }
    return { table: this.#readMaps(), details }
  }

  /** All areas with their details, from one pass: the first of them at once, the others as they are asked for unless `whole` is set. */
  listingWithUsage(whole: boolean): Listing {
    const table = new SmapsTable()
    const of = (_area: LinuxArea, row: number): AreaDetails => table.details(row)
    const listing = { table: table.maps, details: { table, of, fresh: of } }
    const reader = this.#openSmaps()
    const pass = this.#passes
    const read = () => {
      const isMore = reader.read((bytes, from, to, last) => table.addAll(bytes, from, to, last))
      // The text of a process that ends meanwhile is truncated without an error.
      if (!isMore) this.#mustHaveText(reader)
      return isMore
    }
    let isMore = read()
    if (isMore && !whole) this.#mustStand()
    while (isMore && whole) isMore = read()
    if (!isMore) return listing
    return { ...listing, rest: { read, continues: () => pass === this.#passes } }
  }

  /** The details of one area now. Throws `ERR_VMAREA_STALE` where the area has changed since it was found. */
  detailsOf(area: LinuxArea): AreaDetails {
    const table = new SmapsTable()
    this.#readSmaps((bytes, from, to, last) => {
      const stopped = table.addAll(bytes, from, to, last)
      const { maps } = table
      return maps.count > 0 && maps.start(maps.count - 1) >= area.start ? -1 : stopped
    })
    return detailsIn(table, area)
  }

  #readMaps(): MapsTable {
    const table = new MapsTable()
    readText(this.#files.maps, this.#files.path('maps'), (bytes, from, to) => table.addAll(bytes, from, to))
    // The text of a process that ends meanwhile is truncated without an error: check, so that a part is not taken for the whole.
    if (table.count === 0 || !this.#hasText()) {
      throw new VmError('ESRCH', 'read', { path: this.#files.path('maps'), hint: PROCESS_GONE })
    }
    return table
  }

  /** Whether maps has text: for an ended process it is empty. */
  #hasText(): boolean {
    return this.#files.pid === 'self' || addon().readFully(this.#files.maps, 0, new Uint8Array(1)) > 0
  }

  #readDetails(): SmapsTable {
    const table = new SmapsTable()
    this.#readSmaps((bytes, from, to, last) => table.addAll(bytes, from, to, last))
    return table
  }

  #readSmaps(take: TakeLines): void {
    const reader = this.#openSmaps()
    while (reader.read(take));
    this.#mustHaveText(reader)
  }

  /** Begins a pass over smaps. The kernel continues a file where the last read ended, so that the pass before can't go on. */
  #openSmaps(): TextReader {
    this.#passes++
    return new TextReader(this.#files.open('smaps'), this.#files.path('smaps'))
  }

  #mustHaveText(reader: TextReader): void {
    if (reader.position === 0)
      throw new VmError('ESRCH', 'read', { path: this.#files.path('smaps'), hint: PROCESS_GONE })
    // smaps is opened later than maps: it may be that of the next program in this process.
    this.#mustStand()
  }
}

/** The details of an area in a table that was read later. */
function detailsIn(table: SmapsTable, area: LinuxArea): AreaDetails {
  const row = table.maps.firstEndingAfter(area.start)
  if (row < table.maps.count && isRow(area, table.maps, row)) return table.details(row)
  throw new UsageError(
    'ERR_VMAREA_STALE',
    `the area ${hex(area.start)}-${hex(area.end)} was changed or unmapped before its flags were asked for: look it up again`,
  )
}

function isRow(area: LinuxArea, table: MapsTable, row: number): boolean {
  return (
    table.start(row) === area.start &&
    table.end(row) === area.end &&
    table.permissions(row) === area.permissions &&
    table.offset(row) === area.offset &&
    table.inode(row) === area.inode &&
    table.deviceMajor(row) === area.deviceMajor &&
    table.deviceMinor(row) === area.deviceMinor
  )
}
