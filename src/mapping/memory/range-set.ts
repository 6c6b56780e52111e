/**
 * A set of byte offsets, kept as sorted half-open ranges that do not touch each other. A look-up takes logarithmic time in the number of
 * ranges; a change moves the ranges after it.
 */
export class RangeSet {
  // Flat: start, end, start, end, … in ascending order. A number at an even index opens a range, one at an odd index closes it.
  #bounds: number[] = []

  static of(...ranges: readonly (readonly [start: number, end: number])[]): RangeSet {
    const set = new RangeSet()
    for (const [start, end] of ranges) set.add(start, end)
    return set
  }

  add(start: number, end: number): void {
    this.#replace(start, end, true)
  }

  delete(start: number, end: number): void {
    this.#replace(start, end, false)
  }

  /** Whether all of `[start, end)` is in the set. */
  covers(start: number, end: number): boolean {
    if (start >= end) return true
    const place = this.#after(start)
    return place % 2 === 1 && this.#bounds[place]! >= end
  }

  /** The parts of `[start, end)` that are in the set. */
  *within(start: number, end: number): Generator<readonly [start: number, end: number]> {
    for (let place = this.#after(start) & ~1; place < this.#bounds.length; place += 2) {
      const from = Math.max(this.#bounds[place]!, start)
      const to = Math.min(this.#bounds[place + 1]!, end)
      if (from >= end) return
      if (from < to) yield [from, to]
    }
  }

  /** Removes `[at, ∞)` from this set, and returns it as a set whose offsets count from `at`. */
  splitAt(at: number): RangeSet {
    const rest = new RangeSet()
    for (const [start, end] of this.within(at, Number.POSITIVE_INFINITY)) rest.add(start - at, end - at)
    this.delete(at, Number.POSITIVE_INFINITY)
    return rest
  }

  /** How many bounds are at or before `offset`: odd inside a range. */
  #after(offset: number): number {
    let low = 0
    let high = this.#bounds.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#bounds[middle]! <= offset) low = middle + 1
      else high = middle
    }
    return low
  }

  #replace(start: number, end: number, present: boolean): void {
    if (start >= end) return
    // Replace the bounds in `[start, end]`. Whether `start` and `end` become bounds depends on the ranges beside them.
    const first = this.#before(start)
    const last = this.#after(end)
    const openBefore = first % 2 === 1
    const openAfter = last % 2 === 1
    const between: number[] = []
    if (openBefore !== present) between.push(start)
    if (openAfter !== present) between.push(end)
    this.#bounds.splice(first, last - first, ...between)
  }

  /** How many bounds are before `offset`. */
  #before(offset: number): number {
    let place = this.#after(offset)
    if (place > 0 && this.#bounds[place - 1] === offset) place--
    return place
  }
}
