import { addon } from '../../../linux/addon/addon.js'
import { check } from '../../../linux/addon/check.js'
import type { LinuxUserfaultfd } from '../../../linux/userfaultfd/linux-userfaultfd.js'
import type { PageMap } from '../../../paging/swap/page-map.js'
import { REFUSAL, type Refusal, type SwapMemory } from '../../../paging/swap/swap-memory.js'
import { ERRNO_RESULT } from '../../../vocabulary/errno-result.js'
import type { FaultQueue } from '../../source/fault-queue.js'
import { CopiedPages } from './copied-pages.js'
import { ProtectedPages } from './protected-pages.js'
import type { Staging } from './staging.js'
import type { StagingSlots } from './staging-slots.js'

export interface UserfaultfdMemoryParts {
  readonly raw: LinuxUserfaultfd
  readonly faults: FaultQueue
  readonly map: PageMap
  /** Whether private pages leave by `UFFDIO_MOVE`, and not by write protection and a copy. */
  readonly moves: boolean
  /** The address of the staging memory. */
  readonly start: number
  readonly staging: Staging
  readonly slots: StagingSlots
  readonly pageSize: number
}

/** Pages that are copied at once. */
const ROOM = 512

/** A way into memory: from staging, with content that the caller has, or as zeros. */
type Coming = 'back' | 'filled' | 'zeroed'

/** A way out of memory, to staging. */
type Leaving = 'moved' | 'protected' | 'copied'

/**
 * Memory that a userfaultfd serves, whose pages leave to staging memory while other threads write to them. Private memory leaves by
 * `UFFDIO_MOVE`, for which staging is registered too, or by write protection and a copy. While a range is unmapped or moved, the kernel answers
 * `EAGAIN` to every call on it, so that no call ever reaches memory that has taken the range's place.
 */
export class UserfaultfdMemory implements SwapMemory {
  readonly pageSize: number
  readonly pages: number
  refusal: Refusal | undefined
  readonly #raw: LinuxUserfaultfd
  readonly #faults: FaultQueue
  readonly #map: PageMap
  readonly #moves: boolean
  readonly #start: number
  readonly #staging: Staging
  readonly #slots: StagingSlots
  readonly #guarded: ProtectedPages
  readonly #copied: CopiedPages
  readonly #scratch: Uint8Array
  readonly #digests = new Float64Array(ROOM)

  constructor({ raw, faults, map, moves, start, staging, slots, pageSize }: UserfaultfdMemoryParts) {
    this.#raw = raw
    this.#faults = faults
    this.#map = map
    this.#moves = moves
    this.#start = start
    this.#staging = staging
    this.#slots = slots
    this.pageSize = pageSize
    this.pages = map.pages
    this.#scratch = new Uint8Array(ROOM * pageSize)
    this.#guarded = new ProtectedPages(raw, staging, pageSize)
    this.#copied = new CopiedPages(raw, staging, pageSize)
  }

  regionEnd(page: number): number {
    return this.#map.endOf(page)
  }

  stage(page: number, count: number): number {
    const way = this.#leaving(page)
    for (let done = 0; done < count; ) {
      const slots = this.#slots.take(page + done, count - done)
      if (slots === 0) return this.#refuse(REFUSAL.PINNED, done)
      const left = this.#run(page + done, slots, way, STAGE_REFUSALS)
      done += left
      if (left === slots) continue
      this.#slots.free(page + done, slots - left)
      return done
    }
    return count
  }

  unstage(page: number, count: number): number {
    if (this.#isProtected(page)) return this.#copyBack(page, Math.min(count, ROOM))
    for (let done = 0; done < count; ) {
      const run = this.#slots.runFrom(page + done, count - done)
      const back = this.#run(page + done, run, 'back', FILL_REFUSALS)
      this.#slots.free(page + done, back)
      done += back
      if (back === run) continue
      if (this.refusal !== REFUSAL.PINNED && this.refusal !== REFUSAL.PRESENT) return done
      return done + this.#copyBack(page + done, 1)
    }
    return count
  }

  read(pages: readonly number[], into: Uint8Array, digests: Float64Array): void {
    for (let at = 0; at < pages.length; ) {
      const count = this.#slots.runOf(pages, at)
      const bytes = at === 0 ? into : into.subarray(at * this.pageSize)
      check(addon().copyAndDigestPages(this.#staged(pages[at]!), bytes, digests.subarray(at, at + count)), 'read')
      at += count
    }
  }

  drop(pages: readonly number[]): void {
    this.#slots.retry((slot) => this.#staging.drop(this.#start + slot * this.pageSize, 1) === 1)
    for (let at = 0; at < pages.length; ) {
      const count = this.#slots.runOf(pages, at)
      const dropped = this.#staging.drop(this.#staged(pages[at]!), count)
      for (const end = at + dropped; at < end; at++) this.#slots.free(pages[at]!, 1)
      // The kernel pins the page.
      if (dropped < count) this.#slots.leave(pages[at++]!)
    }
  }

  digest(bytes: Uint8Array, digests: Float64Array): void {
    check(addon().digestPages(bytes, digests), 'read')
  }

  fill(page: number, count: number, bytes: Uint8Array): number {
    return this.#run(page, count, 'filled', FILL_REFUSALS, bytes)
  }

  zero(page: number, count: number): number {
    return this.#run(page, count, 'zeroed', FILL_REFUSALS)
  }

  wake(page: number, count: number): void {
    const address = this.#map.addressOf(page)
    if (address < 0) return
    if (this.#isProtected(page)) this.#unprotect(address, count * this.pageSize)
    else this.#raw.wake(address, count * this.pageSize)
  }

  poison(page: number): void {
    const address = this.#map.addressOf(page)
    if (address < 0) return
    if (this.#isProtected(page)) this.#unprotect(address, this.pageSize)
    this.#faults.fail(address, this.pageSize)
  }

  /** Removes the protection that a stopped thread may have left, with which a write would fault for ever. Wakes the waiters. */
  #unprotect(address: number, length: number): void {
    if (this.#raw.writeprotect(address, length, 0) !== 0) this.#raw.wake(address, length)
  }

  #leaving(page: number): Leaving {
    if (this.#map.twinOf(page) !== undefined) return 'copied'
    return this.#moves ? 'moved' : 'protected'
  }

  /** Whether pages leave by write protection. */
  #isProtected(page: number): boolean {
    return !this.#moves || this.#map.twinOf(page) !== undefined
  }

  #staged(page: number): number {
    return this.#start + this.#slots.of(page) * this.pageSize
  }

  // Calls until the run is done or a page is refused. The kernel refuses a run whole where it reaches past the end of an area.
  #run(page: number, count: number, way: Coming | Leaving, refusals: Refusals, bytes: Uint8Array = NONE): number {
    this.refusal = undefined
    let done = 0
    let most = count
    while (done < count) {
      const address = this.#map.addressOf(page + done)
      if (address < 0) return this.#refuse(REFUSAL.GONE, done)
      const tried = Math.min(most, count - done)
      const code = this.#call(way, address, page + done, tried * this.pageSize, bytes, done * this.pageSize)
      const progress = this.#done(way) / this.pageSize
      done += progress
      if (code === 0 || progress > 0) continue
      if (tried === 1 || !REFUSED_WHOLE.includes(code)) return this.#refuse(refusals[code] ?? refusals.other, done)
      most = Math.ceil(tried / 2)
    }
    return done
  }

  // The way is a constant where pages come: compiled with its caller, this is one call without a choice, which a table of functions is not.
  // Returns 0 or a negative error number.
  #call(way: Coming | Leaving, address: number, page: number, length: number, bytes: Uint8Array, from: number): number {
    switch (way) {
      case 'back':
        return this.#raw.move(address, this.#staged(page), length, 0)
      case 'filled':
        return this.#raw.copyOwn(address, bytes, from, length, 0)
      case 'zeroed':
        return this.#raw.zeropage(address, length, 0)
      case 'moved':
        return this.#raw.move(this.#staged(page), address, length, 0)
      case 'protected':
        return this.#guarded.leave(address, this.#staged(page), length)
      case 'copied':
        return this.#copied.leave(address, this.#map.twinOf(page)!, this.#staged(page), length)
    }
  }

  /** The bytes that the last call of the way did. */
  #done(way: Coming | Leaving): number {
    if (way === 'protected') return this.#guarded.done
    return way === 'copied' ? this.#copied.done : this.#raw.done
  }

  #refuse(refusal: Refusal, done: number): number {
    this.refusal = refusal
    return done
  }

  // UFFDIO_MOVE can't install a page in shared memory, over poison, or where the program has changed the protection, and an older kernel has
  // none: copy it.
  #copyBack(page: number, count: number): number {
    const pages = Array.from({ length: count }, (_, index) => page + index)
    this.read(pages, this.#scratch, this.#digests)
    const done = this.fill(page, count, this.#scratch)
    if (done > 0) this.drop(pages.slice(0, done))
    return done
  }
}

/** The refusal of the first page for an error number. */
interface Refusals {
  readonly [code: number]: Refusal
  readonly other: Refusal
}

const { EAGAIN, EBUSY, EEXIST, EFAULT, EINVAL, ENOENT, ESRCH } = ERRNO_RESULT

/** For ways that need no bytes. */
const NONE = new Uint8Array(0)

const REFUSED_WHOLE: readonly number[] = [EINVAL, ENOENT]

const STAGE_REFUSALS: Refusals = {
  [EAGAIN]: REFUSAL.AGAIN,
  [ENOENT]: REFUSAL.MISSING,
  [ESRCH]: REFUSAL.GONE,
  [EBUSY]: REFUSAL.PINNED,
  other: REFUSAL.PINNED,
}

const FILL_REFUSALS: Refusals = {
  [EAGAIN]: REFUSAL.AGAIN,
  // The page is past the end of a file that the program has truncated.
  [EFAULT]: REFUSAL.GONE,
  [EEXIST]: REFUSAL.PRESENT,
  [ENOENT]: REFUSAL.GONE,
  [ESRCH]: REFUSAL.GONE,
  other: REFUSAL.PINNED,
}
