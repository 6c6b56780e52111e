import type { MapsTable } from '../proc/maps-table.js'
import type { AreaReader } from './area-reader.js'
import { ListedArea, type ListingDetails } from './listed-area.js'

/** A listing of areas, with the source of their details. */
export interface Listing {
  readonly table: MapsTable
  readonly details: ListingDetails
}

/**
 * The areas of one listing that overlap `[from, to)`. The first step reads the list.
 *
 * Not a generator: resuming one costs as much as making the area.
 */
export class ListedAreas implements IterableIterator<ListedArea> {
  readonly #addressSpace: AreaReader
  readonly #from: bigint
  readonly #to: bigint
  readonly #read: () => Listing
  #listing: Listing | undefined
  #row = 0
  #end = 0

  constructor(addressSpace: AreaReader, from: bigint, to: bigint, read: () => Listing) {
    this.#addressSpace = addressSpace
    this.#from = from
    this.#to = to
    this.#read = read
  }

  next(): IteratorResult<ListedArea> {
    const { table, details } = this.#listing ?? this.#start()
    if (this.#row === this.#end) return { done: true, value: undefined }
    return { done: false, value: new ListedArea(this.#addressSpace, table, this.#row++, details) }
  }

  return(): IteratorResult<ListedArea> {
    this.#end = this.#row
    return { done: true, value: undefined }
  }

  [Symbol.iterator](): this {
    return this
  }

  #start(): Listing {
    const listing = this.#read()
    const { table } = listing
    this.#row = table.firstEndingAfter(this.#from)
    // Areas do not overlap: one that ends at `to` or below is in, and the next is if it begins below.
    this.#end = table.firstEndingAfter(this.#to)
    if (this.#end < table.count && table.start(this.#end) < this.#to) this.#end++
    this.#listing = listing
    return listing
  }
}
