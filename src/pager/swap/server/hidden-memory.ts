import { addon } from '../../../linux/addon/addon.js'
import { check } from '../../../linux/addon/check.js'
import type { PageMap } from '../../../paging/swap/page-map.js'
import { REFUSAL, type Refusal, type SwapMemory } from '../../../paging/swap/swap-memory.js'
import { ERRNO_RESULT } from '../../../vocabulary/errno-result.js'
import { MADV } from '../../../vocabulary/madv.js'
import type { GuardSource } from '../../source/guard-source.js'
import { checkUnlocked } from './check-unlocked.js'
import { pagesInFile } from './pages-in-file.js'

const { EEXIST, EINVAL, EIO, ENOENT } = ERRNO_RESULT

const REFUSALS: { readonly [code: number]: Refusal } = {
  [EEXIST]: REFUSAL.PRESENT,
  [ENOENT]: REFUSAL.GONE,
}

/**
 * Memory that the guard serves. A staged page stays where it is and is hidden, so that no thread writes to it: the kernel has taken the right
 * to write from all threads when `hide` returns. Private pages are read and filled through /proc/self/mem, which ignores permissions; those of
 * a memory file through its second map (see `TwinMaps`).
 */
export class HiddenMemory implements SwapMemory {
  readonly #guard: GuardSource
  readonly #map: PageMap
  readonly pages: number
  readonly pageSize: number
  refusal: Refusal | undefined

  constructor(guard: GuardSource, map: PageMap, pageSize: number) {
    this.pages = map.pages
    this.pageSize = pageSize
    this.#guard = guard
    this.#map = map
  }

  regionEnd(page: number): number {
    return this.#map.endOf(page)
  }

  stage(page: number, count: number): number {
    return this.#run(page, count, (address, most) => {
      let size = most
      let code = checkUnlocked(address, size, this.pageSize)
      // The kernel refuses a run whole where a page of it is locked.
      while (code === EINVAL && size > this.pageSize) {
        size = Math.ceil(size / this.pageSize / 2) * this.pageSize
        code = checkUnlocked(address, size, this.pageSize)
      }
      if (code === 0) code = this.#guard.hide(address, size)
      return code === 0 ? size : code
    })
  }

  unstage(page: number, count: number): number {
    return this.zero(page, count)
  }

  read(pages: readonly number[], into: Uint8Array, digests: Float64Array): void {
    for (const [at, count] of this.#runs(pages)) {
      const bytes = into.subarray(at * this.pageSize, (at + count) * this.pageSize)
      this.#read(pages[at]!, bytes, digests.subarray(at, at + count))
    }
  }

  #read(page: number, bytes: Uint8Array, digests: Float64Array): void {
    const twin = this.#map.twinOf(page)
    if (twin !== undefined) {
      check(addon().copyAndDigestPages(twin, bytes, digests), 'read')
      return
    }
    // Where the program has unmapped pages, the thread does not know it yet.
    const address = this.#map.addressOf(page)
    bytes.fill(0, address < 0 ? 0 : addon().readTruePages(address, bytes))
    this.digest(bytes, digests)
  }

  drop(pages: readonly number[]): void {
    for (const [at, count] of this.#runs(pages)) this.#drop(pages[at]!, count)
  }

  #drop(page: number, count: number): void {
    const twin = this.#map.twinOf(page)
    const length = count * this.pageSize
    if (twin !== undefined) addon().adviseBare(twin, length, MADV.REMOVE)
    else if (this.#map.addressOf(page) >= 0) this.#guard.zap(this.#map.addressOf(page), length)
  }

  digest(bytes: Uint8Array, digests: Float64Array): void {
    check(addon().digestPages(bytes, digests), 'read')
  }

  fill(page: number, count: number, bytes: Uint8Array): number {
    const twin = this.#map.twinOf(page)
    let from = 0
    return this.#run(page, count, (address, length) => {
      const target = twin === undefined ? address : twin + from
      const missing = twin === undefined ? length : this.#missing(target, length)
      const done = missing === 0 ? EEXIST : this.#guard.fill(address, target, bytes, from, missing)
      if (done > 0) from += done
      // The page is past the end of a file that the program has truncated.
      return done === EIO && twin !== undefined ? ENOENT : done
    })
  }

  /** Shows pages. One without content reads as zeros. */
  zero(page: number, count: number): number {
    return this.#run(page, count, (address, length) => this.#guard.show(address, length, true) || length)
  }

  wake(page: number, count: number): void {
    const address = this.#map.addressOf(page)
    if (address >= 0) this.#guard.wake(address, count * this.pageSize)
  }

  poison(page: number): void {
    const address = this.#map.addressOf(page)
    if (address >= 0) this.#guard.fail(address, this.pageSize)
  }

  /** Runs of pages that follow each other, none of which crosses the end of a region: where each begins in `pages`, and how long it is. */
  *#runs(pages: readonly number[]): Generator<readonly [at: number, count: number]> {
    for (let at = 0; at < pages.length; ) {
      const first = pages[at]!
      const end = this.#map.endOf(first)
      let count = 1
      while (at + count < pages.length && pages[at + count] === first + count && first + count < end) count++
      yield [at, count]
      at += count
    }
  }

  /** `call` returns how many bytes it did, or the error of the first page, negative. */
  #run(page: number, count: number, call: (address: number, length: number) => number): number {
    this.refusal = undefined
    for (let done = 0; done < count; ) {
      const address = this.#map.addressOf(page + done)
      if (address < 0) return this.#refuse(REFUSAL.GONE, done)
      const answer = call(address, (count - done) * this.pageSize)
      if (answer < 0) return this.#refuse(REFUSALS[answer] ?? REFUSAL.PINNED, done)
      done += answer / this.pageSize
    }
    return count
  }

  /** How many bytes of shared memory, from the address on, its file lacks. */
  #missing(twin: number, length: number): number {
    const [first] = pagesInFile(twin, length / this.pageSize, this.pageSize)
    return first === undefined ? length : first.page * this.pageSize
  }

  #refuse(refusal: Refusal, done: number): number {
    this.refusal = refusal
    return done
  }
}
