import type { AreaReader } from './area-reader.js'
import { LinuxArea } from './linux-area.js'
import type { Listing } from './listing.js'

/**
 * The areas of one listing that overlap `[from, to)`. The first step reads the list, or its beginning.
 *
 * Not a generator: resuming one costs as much as making the area.
 */
export class ListedAreas implements IterableIterator<LinuxArea> {
  readonly #addressSpace: AreaReader
  #from: bigint
  readonly #to: bigint
  readonly #read: (whole: boolean) => Listing
  #listing: Listing | undefined
  /** The row of the next area, and the end of the rows that are known to overlap. */
  #row = 0
  #end = 0
  #ended = false

  /** @param read reads the areas: all of them, where `whole` is set */
  constructor(addressSpace: AreaReader, from: bigint, to: bigint, read: (whole: boolean) => Listing) {
    this.#addressSpace = addressSpace
    this.#from = from
    this.#to = to
    this.#read = read
  }

  next(): IteratorResult<LinuxArea> {
    if (this.#listing === undefined) this.#start(false)
    if (this.#row === this.#end && !this.#readOn()) return { done: true, value: undefined }
    return { done: false, value: new LinuxArea(this.#addressSpace, this.#listing!, this.#row++) }
  }

  return(): IteratorResult<LinuxArea> {
    this.#ended = true
    this.#end = this.#row
    return { done: true, value: undefined }
  }

  [Symbol.iterator](): this {
    return this
  }

  #start(whole: boolean): void {
    this.#listing = this.#read(whole)
    this.#row = this.#listing.table.firstEndingAfter(this.#from)
    this.#findEnd()
  }

  #findEnd(): void {
    const { table } = this.#listing!
    this.#end = table.firstEndingAfter(this.#to)
    // Areas do not overlap: one that ends at `to` or below is in, and the next is if it begins below.
    if (this.#end < table.count && table.start(this.#end) < this.#to) this.#end++
  }

  /** Reads until the next area is known. Returns false where none follows. */
  #readOn(): boolean {
    while (!this.#ended && this.#row === this.#end) {
      const { table, rest } = this.#listing!
      // An area that is known and not in is above `to`.
      if (rest === undefined || this.#end < table.count) return false
      if (!rest.continues()) {
        if (this.#row > 0) this.#from = table.end(this.#row - 1)
        this.#start(true)
      } else {
        if (!rest.read()) this.#ended = true
        this.#row = Math.max(this.#row, table.firstEndingAfter(this.#from))
        this.#findEnd()
      }
    }
    return this.#row < this.#end
  }
}
