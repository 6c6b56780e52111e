/** Where the content of a page is. */
export const PLACE = {
  /** Nowhere: it reads as zeros. */
  EMPTY: 0,
  /** In the program's memory. */
  RESIDENT: 1,
  /** Moved aside, still in RAM: a touch brings it back without a copy. */
  STAGED: 2,
  /** Staged, and on its way into the store. */
  WRITING: 3,
  /** In the store alone. */
  STORED: 4,
  /** On its way back from the store. */
  READING: 5,
  /** The page could not be read back: each access to it fails until it is restored. */
  POISONED: 6,
  /** The program has unmapped the page. */
  GONE: 7,
} as const

export type Place = (typeof PLACE)[keyof typeof PLACE]

const PLACES = 7

/** Notes about a page, beside its place. */
export const NOTE = {
  /** The store has a copy, and the digest is that copy's. It may be older than the memory. */
  KEPT: 8,
  /** A call of the store for the page is in flight: no second one may begin (S3). */
  BUSY: 16,
  /** The page was used since the hand of the clock passed it. */
  YOUNG: 32,
  /** The kernel does not let it go: it is locked, pinned or shared. */
  PINNED: 64,
  /** The store's copy is freed when the call in flight has returned. */
  UNWANTED: 128,
} as const

/** A digest is kept as its lowest 48 bits: a word, and half a word. */
const [WORD, HIGH] = [2 ** 32, 0xffff]

/** The digest of each page's copy in the store. */
interface DigestArrays {
  readonly low: Uint32Array
  readonly high: Uint16Array
}

const [PINNED_COUNT, KEPT_COUNT] = [PLACES + 1, PLACES + 2]

/**
 * Where each page is, with the digest of the store's copy: seven bytes a page, and how many are in each place. It may lie in memory that another thread reads, and that the thread
 * that serves next goes on with; one thread writes it.
 */
export class PagePlaces {
  /** The length of `counts`. */
  static readonly COUNTS: number = PLACES + 3
  readonly count: number
  /** How many pages are in each place, by `PLACE`. */
  readonly counts: Float64Array
  readonly #digests: DigestArrays
  readonly #bytes: Uint8Array

  /** @param isNew whether the memory knows of no pages yet */
  constructor(counts: Float64Array, digests: DigestArrays, bytes: Uint8Array, isNew: boolean) {
    this.count = bytes.length
    this.counts = counts
    this.#digests = digests
    this.#bytes = bytes
    if (isNew) counts[PLACE.EMPTY] = bytes.length
  }

  /** Whether the digest is that of the store's copy. */
  hasDigest(page: number, digest: number): boolean {
    const { low, high } = this.#digests
    return low[page] === digest >>> 0 && high[page] === (Math.floor(digest / WORD) & HIGH)
  }

  setDigest(page: number, digest: number): void {
    this.#digests.low[page] = digest
    this.#digests.high[page] = Math.floor(digest / WORD)
  }

  get pinned(): number {
    return this.counts[PINNED_COUNT]!
  }

  /** Pages of which the store has a copy. */
  get kept(): number {
    return this.counts[KEPT_COUNT]!
  }

  /** Pages that take memory: resident ones, staged ones and those being written. */
  get charged(): number {
    return this.counts[PLACE.RESIDENT]! + this.counts[PLACE.STAGED]! + this.counts[PLACE.WRITING]!
  }

  /** Pages that are staged or being written. */
  get staged(): number {
    return this.counts[PLACE.STAGED]! + this.counts[PLACE.WRITING]!
  }

  /**
   * A thread goes on with what another one knew. No call is in flight any more; which pages are in memory or staged the caller finds out, so
   * that until then they count as empty, and those on their way as in the store.
   */
  resume(): void {
    this.counts.fill(0)
    for (let page = 0; page < this.count; page++) {
      const byte = this.#bytes[page]!
      const place = byte & PLACES
      const isOut = place === PLACE.STORED || place === PLACE.READING || place === PLACE.POISONED
      const now = place === PLACE.GONE ? PLACE.GONE : isOut ? PLACE.STORED : PLACE.EMPTY
      const notes = now === PLACE.STORED ? NOTE.KEPT : 0
      this.#bytes[page] = now | notes
      this.counts[now]!++
      if (notes !== 0) this.counts[KEPT_COUNT]!++
    }
  }

  /** Whether no page is staged and the store has none. */
  get isAllInMemory(): boolean {
    return this.staged + this.counts[PLACE.STORED]! + this.counts[PLACE.READING]! + this.kept === 0
  }

  get(page: number): Place {
    return (this.#bytes[page]! & PLACES) as Place
  }

  set(page: number, place: Place): void {
    const byte = this.#bytes[page]!
    this.counts[byte & PLACES]!--
    this.counts[place]!++
    this.#bytes[page] = (byte & ~PLACES) | place
  }

  has(page: number, note: number): boolean {
    return (this.#bytes[page]! & note) !== 0
  }

  note(page: number, note: number): void {
    const byte = this.#bytes[page]!
    if ((~byte & note & NOTE.PINNED) !== 0) this.counts[PINNED_COUNT]!++
    if ((~byte & note & NOTE.KEPT) !== 0) this.counts[KEPT_COUNT]!++
    this.#bytes[page] = byte | note
  }

  clear(page: number, note: number): void {
    const byte = this.#bytes[page]!
    if ((byte & note & NOTE.PINNED) !== 0) this.counts[PINNED_COUNT]!--
    if ((byte & note & NOTE.KEPT) !== 0) this.counts[KEPT_COUNT]!--
    this.#bytes[page] = byte & ~note
  }

  /** The first page from `from` on, before `end`, that is in the place; `end` where none is. */
  find(place: Place, from: number, end: number): number {
    let page = from
    while (page < end && (this.#bytes[page]! & PLACES) !== place) page++
    return page
  }

  /** One more than the last page of the run in that place that begins at `from`, at most `end`. */
  runEnd(place: Place, from: number, end: number): number {
    let page = from
    while (page < end && (this.#bytes[page]! & PLACES) === place) page++
    return page
  }
}
