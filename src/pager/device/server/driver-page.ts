import type { RawPage } from '../../../kernel/raw-page.js'

/** A page that the driver owns, in a memory file for such pages. */
export class DriverPage implements RawPage {
  /** The descriptor of the memory file. */
  readonly descriptor: number
  /** In the file, in bytes. */
  readonly offset: number
  readonly bytes: Uint8Array
  readonly #free: (page: DriverPage) => void
  #references = 1
  #put = false

  /** `free` is called when the last reference is dropped. */
  constructor(descriptor: number, offset: number, bytes: Uint8Array, free: (page: DriverPage) => void) {
    this.descriptor = descriptor
    this.offset = offset
    this.bytes = bytes
    this.#free = free
  }

  get references(): number {
    return this.#references
  }

  /** Whether its owner has disposed of it: it can't be inserted any more. */
  get orphaned(): boolean {
    return this.#put
  }

  /** `get_page`, for a new mapping of it. */
  take(): void {
    this.#references++
  }

  /** `put_page`, for a mapping that ends. */
  drop(): void {
    if (--this.#references === 0) this.#free(this)
  }

  /** `put_page`, by its owner. */
  put(): void {
    if (this.#put) return
    this.#put = true
    this.drop()
  }
}
