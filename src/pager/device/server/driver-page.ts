import type { RawPage } from '../../../kernel/raw-page.js'
import type { DriverPages } from './driver-pages.js'

/** A page that the driver owns, in the memory file for those. */
export class DriverPage implements RawPage {
  readonly pages: DriverPages
  /** In the file. */
  readonly offset: number
  readonly bytes: Uint8Array
  #references = 1
  #put = false

  constructor(pages: DriverPages, offset: number, bytes: Uint8Array) {
    this.pages = pages
    this.offset = offset
    this.bytes = bytes
  }

  get references(): number {
    return this.#references
  }

  /** Its owner has given it back: it can't be inserted any more. */
  get orphaned(): boolean {
    return this.#put
  }

  /** `get_page`, by a place that maps it. */
  take(): void {
    this.#references++
  }

  /** `put_page`, by a place that maps it no more. */
  drop(): void {
    if (--this.#references === 0) this.pages.free(this)
  }

  /** `put_page`, by its owner. */
  put(): void {
    if (this.#put) return
    this.#put = true
    this.drop()
  }
}
