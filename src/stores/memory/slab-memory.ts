import { SlotAllocator } from '../slot-allocator.js'

/** The sizes of slots are multiples of this, in bytes. */
const STEP = 64
/** The bytes of a slab. */
const SLAB = 2 ** 18

interface SizeClass {
  readonly size: number
  readonly perSlab: number
  readonly slots: SlotAllocator
  /** A slab whose slots are all free is released, and leaves a gap. */
  readonly slabs: (Uint8Array | undefined)[]
  readonly used: number[]
}

/** Memory for pieces of different lengths, none longer than a page: slabs, each of which consists of slots of one size. */
export class SlabMemory {
  readonly #classes: SizeClass[] = []
  readonly #limit: number
  #bytes = 0

  /** Which pieces have slots of one size: those with the same number. */
  static sizeClass(length: number): number {
    return Math.ceil(length / STEP)
  }

  /** @param limit in bytes of slabs */
  constructor(longest: number, limit: number) {
    this.#limit = limit
    for (let size = STEP; size < longest + STEP; size += STEP) {
      this.#classes.push({ size, perSlab: Math.floor(SLAB / size), slots: new SlotAllocator(), slabs: [], used: [] })
    }
  }

  /** Bytes of slabs. */
  get bytes(): number {
    return this.#bytes
  }

  /** Allocates room for a piece. Returns its slot, which is valid for this length, or -1 past the limit. */
  take(length: number): number {
    const of = this.#classOf(length)
    // Use the last slab, or the gap of a released one, before making a new slab.
    const run = of.slots.take(1, Number.POSITIVE_INFINITY)!
    const slab = Math.floor(run.first / of.perSlab)
    if (of.slabs[slab] === undefined) {
      if (this.#bytes + SLAB > this.#limit) {
        of.slots.free(run.first)
        return -1
      }
      this.#bytes += SLAB
      of.slabs[slab] = new Uint8Array(SLAB)
    }
    of.used[slab] = (of.used[slab] ?? 0) + 1
    return run.first
  }

  /** Fills a slot. */
  put(slot: number, bytes: Uint8Array): void {
    const of = this.#classOf(bytes.length)
    of.slabs[Math.floor(slot / of.perSlab)]!.set(bytes, (slot % of.perSlab) * of.size)
  }

  /** The bytes of a slot. */
  piece(slot: number, length: number): Uint8Array {
    const of = this.#classOf(length)
    const at = (slot % of.perSlab) * of.size
    return of.slabs[Math.floor(slot / of.perSlab)]!.subarray(at, at + length)
  }

  free(slot: number, length: number): void {
    const of = this.#classOf(length)
    of.slots.free(slot)
    const slab = Math.floor(slot / of.perSlab)
    if (--of.used[slab]! > 0) return
    of.slabs[slab] = undefined
    this.#bytes -= SLAB
  }

  #classOf(length: number): SizeClass {
    return this.#classes[SlabMemory.sizeClass(length) - 1]!
  }
}
