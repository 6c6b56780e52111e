import type { SwapRange } from './swap-range.js'

/** The addresses of swapped pages, kept up to date when the program unmaps and moves memory. */
export class PageMap {
  readonly pages: number
  /** In the order of the pages. A range whose memory was unmapped has the start -1. */
  #ranges: SwapRange[]
  readonly #pageSize: number
  /** The ranges of shared memory, which do not move. */
  readonly #twins: readonly SwapRange[]
  #last: SwapRange

  constructor(ranges: readonly SwapRange[], pageSize: number) {
    this.#ranges = [...ranges].sort((left, right) => left.page - right.page)
    this.#pageSize = pageSize
    this.#last = this.#ranges[0]!
    this.#twins = this.#ranges.filter(({ twin }) => twin !== undefined)
    const end = this.#ranges.at(-1)!
    this.pages = end.page + end.count
  }

  get ranges(): readonly SwapRange[] {
    return this.#ranges.filter(({ start }) => start >= 0)
  }

  /** The page at the address, or -1. */
  pageAt(address: number): number {
    if (!this.#holds(this.#last, address)) {
      const found = this.#ranges.find((range) => this.#holds(range, address))
      if (found === undefined) return -1
      this.#last = found
    }
    return this.#last.page + Math.floor((address - this.#last.start) / this.#pageSize)
  }

  /** The pages in `[start, end)`, as runs. */
  *pagesIn(start: number, end: number): Generator<{ readonly page: number; readonly count: number }> {
    for (let address = start; address < end; ) {
      const page = this.pageAt(address)
      const count = page < 0 ? 1 : Math.min(this.endOf(page) - page, (end - address) / this.#pageSize)
      if (page >= 0) yield { page, count }
      address += count * this.#pageSize
    }
  }

  /** The address of the page, or -1 where its memory was unmapped. */
  addressOf(page: number): number {
    const { start, page: first } = this.#rangeOf(page)
    return start < 0 ? -1 : start + (page - first) * this.#pageSize
  }

  /** The address of the page in the second map of shared memory; `undefined` for private memory. */
  twinOf(page: number): number | undefined {
    if (this.#twins.length === 0) return undefined
    const range = this.#twins.find(({ page: first, count }) => page >= first && page < first + count)
    return range === undefined ? undefined : range.twin! + (page - range.page) * this.#pageSize
  }

  /** One more than the last page that follows the page in memory. */
  endOf(page: number): number {
    const range = this.#rangeOf(page)
    return range.page + range.count
  }

  /** Notes that the memory in `[start, end)` has moved to `to`, or with -1 was unmapped. Returns the pages that it held. */
  move(start: number, end: number, to: number): { readonly page: number; readonly count: number }[] {
    const moved: SwapRange[] = []
    const ranges: SwapRange[] = []
    for (const range of this.#ranges) {
      const rangeEnd = range.start + range.count * this.#pageSize
      const [from, until] = [Math.max(start, range.start), Math.min(end, rangeEnd)]
      if (range.start < 0 || from >= until) {
        ranges.push(range)
        continue
      }
      const piece = (first: number, last: number, at: number) => {
        if (first >= last) return undefined
        const page = range.page + (first - range.start) / this.#pageSize
        const part = { start: at, page, count: (last - first) / this.#pageSize }
        ranges.push(part)
        return part
      }
      piece(range.start, from, range.start)
      moved.push(piece(from, until, to < 0 ? -1 : to + from - start)!)
      piece(until, rangeEnd, until)
    }
    this.#ranges = ranges
    this.#last = ranges[0]!
    return moved
  }

  #holds({ start, count }: SwapRange, address: number): boolean {
    return start >= 0 && address >= start && address < start + count * this.#pageSize
  }

  #rangeOf(page: number): SwapRange {
    const { page: first, count } = this.#last
    if (page < first || page >= first + count) {
      this.#last = this.#ranges.find((range) => page >= range.page && page < range.page + range.count)!
    }
    return this.#last
  }
}
