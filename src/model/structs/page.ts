import type { RawPage } from '../../kernel/raw-page.js'

/** What a page belongs to: one process's private memory, a file's page cache, or a driver. */
export type PageKind = 'anonymous' | 'file' | 'driver'

/** `struct page`: a page of the machine's memory, whose bytes are made when they are first read. */
export class Page implements RawPage {
  readonly kind: PageKind
  readonly size: number
  /** The number of references: by the owner (the page cache, a driver), and by each page table entry. */
  references: number
  #bytes: Uint8Array | undefined
  #put = false

  constructor(kind: PageKind, size: number, references: number, bytes?: Uint8Array) {
    this.kind = kind
    this.size = size
    this.references = references
    this.#bytes = bytes
  }

  /** Whether the page has bytes of its own: a page without is all zeros. */
  get touched(): boolean {
    return this.#bytes !== undefined
  }

  get bytes(): Uint8Array {
    this.#bytes ??= new Uint8Array(this.size)
    return this.#bytes
  }

  /** `put_page`, by a driver that owns it. */
  put(): void {
    if (this.#put) return
    this.#put = true
    this.references--
  }

  /** Whether its owner has disposed of it: existing mappings keep it, and it can't be mapped again. */
  get orphaned(): boolean {
    return this.#put
  }

  copyFrom(source: Page): void {
    if (source.touched) this.bytes.set(source.bytes)
  }
}
