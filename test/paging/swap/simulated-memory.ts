import assert from 'node:assert/strict'
import { pageDigest } from '#vmarea/paging/swap/page-digest.js'
import { REFUSAL, type Refusal, type SwapMemory } from '#vmarea/paging/swap/swap-memory.js'

/** Bytes a page. */
export const PAGE = 32

/** The content of a page that was written with that number; 0 is a page of zeros. */
export function pageOf(value: number): Uint8Array {
  const bytes = new Uint8Array(PAGE)
  if (value !== 0) new Uint32Array(bytes.buffer).fill(value)
  return bytes
}

/** Memory whose pages are moved as a kernel would, which checks what is asked of it. */
export class SimulatedMemory implements SwapMemory {
  readonly pageSize = PAGE
  readonly pages: number
  refusal: Refusal | undefined
  readonly present: (Uint8Array | undefined)[]
  readonly moved: (Uint8Array | undefined)[]
  readonly poisoned = new Set<number>()
  readonly locked = new Set<number>()
  readonly unmapped = new Set<number>()
  /** Called before each call on a run: whether the layout changes at the moment. */
  changes: () => boolean = () => false
  readonly #ends: readonly number[]
  readonly #wake: (page: number) => void

  /** @param ends one more than the last page of each region */
  constructor(ends: readonly number[], wake: (page: number) => void) {
    this.#ends = ends
    this.pages = ends.at(-1)!
    this.present = new Array(this.pages).fill(undefined)
    this.moved = new Array(this.pages).fill(undefined)
    this.#wake = wake
  }

  regionEnd(page: number): number {
    return this.#ends.find((end) => page < end)!
  }

  stage(page: number, count: number): number {
    return this.#run(page, count, (at) => {
      if (this.locked.has(at)) return REFUSAL.PINNED
      if (this.present[at] === undefined) return REFUSAL.MISSING
      assert.equal(this.moved[at], undefined, `page ${at} is staged already`)
      this.moved[at] = this.present[at]
      this.present[at] = undefined
      return undefined
    })
  }

  unstage(page: number, count: number): number {
    return this.#run(page, count, (at) => {
      assert.ok(this.moved[at] !== undefined, `page ${at} is not staged`)
      if (this.present[at] !== undefined) return REFUSAL.PRESENT
      this.present[at] = this.moved[at]
      this.moved[at] = undefined
      this.#wake(at)
      return undefined
    })
  }

  read(pages: readonly number[], into: Uint8Array, digests: Float64Array): void {
    this.#checkList(pages)
    for (const [index, at] of pages.entries()) {
      const bytes = this.moved[at]
      assert.ok(bytes !== undefined, `page ${at} is not staged`)
      into.set(bytes, index * PAGE)
    }
    this.digest(into.subarray(0, pages.length * PAGE), digests)
  }

  digest(bytes: Uint8Array, digests: Float64Array): void {
    assert.equal(bytes.length, digests.length * PAGE)
    for (let at = 0; at < digests.length; at++) digests[at] = pageDigest(bytes.subarray(at * PAGE, (at + 1) * PAGE))
  }

  drop(pages: readonly number[]): void {
    this.#checkList(pages)
    for (const at of pages) {
      assert.ok(this.moved[at] !== undefined, `page ${at} is not staged`)
      this.moved[at] = undefined
    }
  }

  fill(page: number, count: number, bytes: Uint8Array): number {
    return this.#run(page, count, (at) => {
      const refusal = this.#put(at, bytes.slice((at - page) * PAGE, (at - page + 1) * PAGE))
      if (refusal === undefined) this.poisoned.delete(at)
      return refusal
    })
  }

  zero(page: number, count: number): number {
    return this.#run(page, count, (at) => {
      return this.poisoned.has(at) ? REFUSAL.PRESENT : this.#put(at, new Uint8Array(PAGE))
    })
  }

  wake(page: number, count: number): void {
    for (let at = page; at < page + count; at++) this.#wake(at)
  }

  poison(page: number): void {
    this.poisoned.add(page)
    this.#wake(page)
  }

  #put(page: number, bytes: Uint8Array): Refusal | undefined {
    if (this.present[page] !== undefined) return REFUSAL.PRESENT
    assert.equal(this.moved[page], undefined, `page ${page} is filled while it is staged`)
    this.present[page] = bytes
    this.#wake(page)
    return undefined
  }

  #run(page: number, count: number, act: (page: number) => Refusal | undefined): number {
    this.#checkRun(page, count)
    this.refusal = undefined
    for (let at = page; at < page + count; at++) {
      this.refusal = this.changes() ? REFUSAL.AGAIN : this.unmapped.has(at) ? REFUSAL.GONE : act(at)
      if (this.refusal !== undefined) return at - page
    }
    return count
  }

  #checkList(pages: readonly number[]): void {
    assert.ok(pages.length > 0, 'no pages')
    assert.equal(new Set(pages).size, pages.length, `each page once: ${pages}`)
  }

  #checkRun(page: number, count: number): void {
    assert.ok(count > 0 && page >= 0 && page + count <= this.regionEnd(page), `run of ${count} pages at ${page}`)
  }
}
