/** How many words of the bitmap are searched for a run before the file grows instead. */
const REACH = 512

/** The taken slots of a file, as a bitmap. The search for a run begins after the last run, so that neighbours lie together. */
export class SlotAllocator {
  #taken = new Uint32Array(64)
  #cursor = 0
  #count = 0
  #end = 0

  /** The number of taken slots. */
  get count(): number {
    return this.#count
  }

  /** One more than the highest slot that is taken. */
  get end(): number {
    return this.#end
  }

  /**
   * Takes up to `wanted` slots that follow each other and lie below `limit`. Returns the first and how many, or `undefined` where no slot is
   * free below the limit.
   */
  take(wanted: number, limit: number): { readonly first: number; readonly count: number } | undefined {
    const first = this.#findRun(wanted, limit)
    if (first === -1) return undefined
    let count = 0
    while (count < wanted && first + count < limit && !this.#has(first + count)) this.#set(first + count++)
    this.#count += count
    this.#end = Math.max(this.#end, first + count)
    this.#cursor = first + count
    return { first, count }
  }

  free(slot: number): void {
    this.#taken[slot >>> 5]! &= ~(1 << (slot & 31))
    this.#count--
    if (slot !== this.#end - 1) return
    while (this.#end > 0 && !this.#has(this.#end - 1)) {
      if ((this.#end & 31) === 0 && this.#taken[(this.#end >>> 5) - 1] === 0) this.#end -= 32
      else this.#end--
    }
  }

  // First a run that is long enough near the cursor, then the end of the file, then any slot.
  #findRun(wanted: number, limit: number): number {
    if (this.#count === this.#end) return this.#end < limit ? this.#end : -1
    let length = 0
    const from = this.#cursor < this.#end ? this.#cursor : 0
    for (let slot = from; slot < Math.min(this.#end, from + REACH * 32); slot++) {
      if ((slot & 31) === 0 && this.#taken[slot >>> 5] === 0xffffffff) {
        length = 0
        slot += 31
      } else if (this.#has(slot)) length = 0
      else if (++length === wanted) return slot - wanted + 1
    }
    if (this.#end < limit) return this.#end
    for (let word = 0; word <= (this.#end - 1) >>> 5; word++) {
      const free = ~this.#taken[word]! >>> 0
      if (free === 0) continue
      const slot = word * 32 + (31 - Math.clz32(free & -free))
      return slot < limit ? slot : -1
    }
    return -1
  }

  #has(slot: number): boolean {
    return (((this.#taken[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 1
  }

  #set(slot: number): void {
    if (slot >>> 5 >= this.#taken.length) {
      const longer = new Uint32Array(this.#taken.length * 2)
      longer.set(this.#taken)
      this.#taken = longer
    }
    this.#taken[slot >>> 5]! |= 1 << (slot & 31)
  }
}
