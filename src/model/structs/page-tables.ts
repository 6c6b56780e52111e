import type { Page } from './page.js'

/** Entries in one table, as on x86-64. */
const entries = 512

/** One table at the leaf level: the bits of `PTE` and the pages of 512 entries. */
export class PageTable {
  readonly bits = new Uint8Array(entries)
  readonly pages: (Page | undefined)[] = new Array(entries).fill(undefined)
}

/** The page tables of an address space, by page number. A table is made for its first entry. */
export class PageTables {
  readonly #tables = new Map<number, PageTable>()

  /** The table of a page, made if there is none, and the place in it is `page % 512`. */
  table(page: number): PageTable {
    const number = Math.floor(page / entries)
    let table = this.#tables.get(number)
    if (table === undefined) {
      table = new PageTable()
      this.#tables.set(number, table)
    }
    return table
  }

  bits(page: number): number {
    return this.#tables.get(Math.floor(page / entries))?.bits[page % entries] ?? 0
  }

  page(page: number): Page | undefined {
    return this.#tables.get(Math.floor(page / entries))?.pages[page % entries]
  }

  set(page: number, bits: number, target: Page | undefined): void {
    const table = this.table(page)
    table.bits[page % entries] = bits
    table.pages[page % entries] = target
  }

  setBits(page: number, bits: number): void {
    this.table(page).bits[page % entries] = bits
  }

  clear(page: number): void {
    const table = this.#tables.get(Math.floor(page / entries))
    if (table === undefined) return
    table.bits[page % entries] = 0
    table.pages[page % entries] = undefined
  }

  /** Calls `visit` for each entry in `[from, to)` that is not empty, in no particular order of tables. */
  visit(from: number, to: number, visit: (page: number, table: PageTable, index: number) => void): void {
    if (this.#tables.size === 0) return
    const first = Math.floor(from / entries)
    const last = Math.ceil(to / entries)
    if (last - first <= this.#tables.size) {
      for (let number = first; number < last; number++) {
        const table = this.#tables.get(number)
        if (table !== undefined) visitTable(table, number, from, to, visit)
      }
      return
    }
    for (const [number, table] of this.#tables) {
      if (number >= first && number < last) visitTable(table, number, from, to, visit)
    }
  }

  get empty(): boolean {
    return this.#tables.size === 0
  }

  /**
   * `free_pgtables`: drops the tables of pages `[from, to)`, but not those that hold entries of the neighbours, below `floor` or above
   * `ceiling`.
   */
  free(from: number, to: number, floor: number, ceiling: number): void {
    const first = Math.max(Math.floor(from / entries), Math.ceil(floor / entries))
    const last = Math.min(Math.ceil(to / entries), Math.floor(ceiling / entries))
    if (last - first <= this.#tables.size) {
      for (let number = first; number < last; number++) this.#tables.delete(number)
      return
    }
    for (const number of this.#tables.keys()) if (number >= first && number < last) this.#tables.delete(number)
  }
}

function visitTable(
  table: PageTable,
  number: number,
  from: number,
  to: number,
  visit: (page: number, table: PageTable, index: number) => void,
): void {
  const base = number * entries
  const low = Math.max(from - base, 0)
  const high = Math.min(to - base, entries)
  for (let index = low; index < high; index++) if (table.bits[index] !== 0) visit(base + index, table, index)
}
