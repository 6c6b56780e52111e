import type { EvictionOrder } from '../vocabulary/reports/eviction-order.js'
import type { WriteBacks } from './write-backs.js'

/** The functions that a list of resident pages calls. Ranges consist of whole pages, in bytes of the device. */
export interface ResidentListHost {
  /** Hides pages: the owner reports the next touch by `touch`. */
  hide(offset: number, length: number): void
  /** Drops pages. */
  drop(offset: number, length: number): void
  /** The write-backs of a driver that takes pages back: the list drops pages once they are clean, and the owner makes room again then. */
  readonly writeBacks: WriteBacks | undefined
}

/** The part of the budget that is hidden, so that a touch of it faults and is noticed. */
const INACTIVE_PART = 1 / 3
/** The extra room that a drop makes, as a part of the budget: a few large drops cost less than many small ones. */
const SLACK_PART = 1 / 16
/** How many pages `order` names. */
const NAMED = 16

/**
 * The pages of a device in memory, by their last use, in two queues as in the kernel.
 *
 * A new page is active. The oldest active pages are hidden and become inactive: a touch makes them active again; without one they are
 * dropped next.
 */
export class ResidentList {
  readonly #host: ResidentListHost
  readonly #pageSize: number
  readonly #limit: number
  /** Numbers of pages, the oldest first. */
  readonly #active = new Set<number>()
  readonly #inactive = new Set<number>()

  /** @param limit in bytes */
  constructor(host: ResidentListHost, limit: number, pageSize: number) {
    this.#host = host
    this.#pageSize = pageSize
    this.#limit = Math.floor(limit / pageSize)
  }

  /** Bytes. */
  get resident(): number {
    return (this.#active.size + this.#inactive.size) * this.#pageSize
  }

  /** Which pages are dropped next. */
  order(): EvictionOrder {
    const next: number[] = []
    for (const list of [this.#inactive, this.#active]) {
      for (const page of list) {
        if (next.length === NAMED) break
        next.push(page)
      }
    }
    return {
      by: 'age',
      next,
      candidates: this.#inactive.size,
      others: this.#active.size,
      hand: null,
      round: null,
    }
  }

  /**
   * Notes pages that are new or were used; the first was surely used, so it is dropped last of them. Other pages are dropped to make
   * room.
   */
  touch(offset: number, length: number): void {
    const first = offset / this.#pageSize
    for (let page = first + length / this.#pageSize - 1; page >= first; page--) {
      this.#inactive.delete(page)
      this.#active.delete(page)
      this.#active.add(page)
    }
    // The request made room for them, but with many others in flight there may be too little.
    this.makeRoom(0)
    this.#deactivate(length / this.#pageSize)
  }

  /** Notes pages that an earlier server left in memory. Drops none: call `makeRoom` when pages may be dropped. */
  adopt(offset: number, length: number): void {
    const first = offset / this.#pageSize
    for (let page = first; page < first + length / this.#pageSize; page++) this.#active.add(page)
  }

  /** Notes pages that are no longer in memory. */
  remove(offset: number, length: number): void {
    const first = offset / this.#pageSize
    const last = first + length / this.#pageSize
    if (last - first < this.#active.size + this.#inactive.size) {
      for (let page = first; page < last; page++) {
        this.#active.delete(page)
        this.#inactive.delete(page)
      }
      return
    }
    for (const pages of [this.#active, this.#inactive]) {
      for (const page of pages) if (page >= first && page < last) pages.delete(page)
    }
  }

  /**
   * Drops the least recently used pages, to make room for `bytes`. Returns whether there is room, or no page is left to drop: `false`
   * where pages have to become clean first.
   */
  makeRoom(bytes: number): boolean {
    const needed = bytes / this.#pageSize
    const slack = Math.floor(this.#limit * SLACK_PART)
    for (;;) {
      const over = this.#active.size + this.#inactive.size + needed - this.#limit
      if (over <= 0) return true
      const unclean = this.#drop(over + slack, false)
      const { writeBacks } = this.#host
      if (writeBacks === undefined || unclean.length === 0) return true
      if (writeBacks.evict(unclean)) continue
      // Pages do not become clean for now: drop clean ones, although they were used later.
      if (writeBacks.failure !== undefined) this.#drop(over + slack, true)
      return this.#active.size + this.#inactive.size + needed <= this.#limit
    }
  }

  /** Hides the oldest active pages, but none of the `newest`, which are about to be shown. */
  #deactivate(newest: number): void {
    const wanted = Math.floor(this.#limit * INACTIVE_PART)
    // Track use only when the budget is nearly full.
    if (this.#active.size + this.#inactive.size < this.#limit - wanted || this.#inactive.size >= wanted / 2) return
    const most = Math.min(wanted - this.#inactive.size, this.#active.size - newest)
    const oldest: number[] = []
    for (const page of this.#active) {
      if (oldest.length >= most) break
      oldest.push(page)
    }
    for (const page of oldest) {
      this.#active.delete(page)
      this.#inactive.add(page)
    }
    this.#runs(oldest, (offset, length) => this.#host.hide(offset, length))
    // What is not touched again is dropped next, and should be clean by then.
    this.#host.writeBacks?.evict(oldest)
  }

  /** Drops those of the `count` oldest pages that are clean, or the `count` oldest clean ones. Returns the others that it met. */
  #drop(count: number, cleanAlone: boolean): number[] {
    const { writeBacks } = this.#host
    const pages: number[] = []
    const unclean: number[] = []
    for (const list of [this.#inactive, this.#active]) {
      for (const page of list) {
        if (pages.length + unclean.length >= count) break
        if (writeBacks?.isClean(page) ?? true) pages.push(page)
        else if (!cleanAlone) unclean.push(page)
      }
    }
    for (const page of pages) {
      this.#inactive.delete(page)
      this.#active.delete(page)
    }
    this.#runs(pages, (offset, length) => this.#host.drop(offset, length))
    return unclean
  }

  /** Calls `call` once for each run of consecutive pages. */
  #runs(pages: number[], call: (offset: number, length: number) => void): void {
    pages.sort((left, right) => left - right)
    for (let at = 0; at < pages.length; ) {
      let end = at + 1
      while (end < pages.length && pages[end] === pages[at]! + (end - at)) end++
      call(pages[at]! * this.#pageSize, (end - at) * this.#pageSize)
      at = end
    }
  }
}
