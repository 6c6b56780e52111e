import type { AreasOptions, PageRun } from '../kernel/address-space.js'
import type { Area } from '../kernel/area.js'
import { checkAddress } from '../vocabulary/options/check-address.js'
import { checkOptions, type OptionRules } from '../vocabulary/options/check-options.js'
import type { AreaLifetime } from './area-lifetime.js'
import { HeldLock } from './held-lock.js'
import type { MmWithUser } from './mm-with-user.js'
import { VmaRef } from './vma-ref.js'

/** The last address, which no area contains: the highest end that 64 bits hold. */
const END_OF_ADDRESSES = (1n << 64n) - 1n

const pagesRules = { from: 'any', to: 'any' } as const
const areasRules: OptionRules<AreaRange> = { ...pagesRules, usage: 'boolean' }

/** A range of addresses: the areas that overlap `[from, to)`. */
export interface AreaRange extends AreasOptions {
  /** Inclusive. Default 0. */
  readonly from?: bigint
  /** Exclusive. Default: the end of all addresses. */
  readonly to?: bigint
}

/**
 * The read side of the mmap lock, held: the kernel's `MmapReadGuard`.
 *
 * Invariant: until it is released, this library changes no layout of the address space. Every `VmaRef` that it gave ends with it. A guard
 * belongs to the thread that took it; it can't be sent to another.
 *
 * ```ts
 * using guard = mm.mmgetNotZero()!.mmapReadLock()
 * for (const vma of guard) console.log(vma.start, vma.path)
 * ```
 *
 * @throws UsageError `ERR_VMAREA_GUARD_RELEASED` from every method after the release; `ERR_VMAREA_INVALID_ARGUMENT` for
 * an address that is no bigint in `[0, 2^64)`
 */
export class MmapReadGuard implements AreaLifetime, Disposable, Iterable<VmaRef> {
  readonly #mm: MmWithUser
  readonly #lock: HeldLock
  /** A copy of the lock's state, because every use of every area reads it. */
  #held = true
  /**
   * Releases the lock. A second call does nothing. It is an own property, so that structured clone rejects the guard.
   */
  readonly release: () => void

  /** Takes over a hold of the lock that the caller has taken. Call `mmapReadLock` instead. */
  constructor(mm: MmWithUser) {
    this.#mm = mm
    const lock = new HeldLock(mm.asRaw(), this, 'MmapReadGuard')
    this.#lock = lock
    this.release = () => {
      this.#held = false
      lock.release()
    }
  }

  /** The address space that the guard holds. */
  get mm(): MmWithUser {
    return this.#mm
  }

  /** Whether the lock is still held. */
  get held(): boolean {
    return this.#held
  }

  /**
   * `vma_lookup`: the area that contains `address` (`start <= address < end`), or `undefined` in a gap.
   *
   * @throws VmError `ESRCH` where the process has ended, `EACCES` where this process may not read its areas
   */
  vmaLookup(address: bigint): VmaRef | undefined {
    checkAddress(address, 'address')
    this.check()
    const area = this.#mm.asRaw().lookup(address)
    return area === undefined ? undefined : new VmaRef(area, this)
  }

  /**
   * The areas that overlap a range, whole, in the order of their addresses. With `usage: true` their flags and usage are read in the same
   * pass, which is by far the cheapest way to read them for many areas, and as the areas are asked for.
   *
   * V8 and the C library may map and unmap meanwhile: each area is right, but all of them together need not be of one moment.
   *
   * ```ts
   * for (const vma of guard.areas({ usage: true })) console.log(vma.path, vma.usage().pss)
   * ```
   *
   * @throws VmError `ESRCH` where the process has ended, `EACCES` where this process may not read its areas
   */
  areas(range: AreaRange = {}): IterableIterator<VmaRef> {
    const { from = 0n, to = END_OF_ADDRESSES, usage = false } = checkOptions('areas()', range, areasRules)
    checkAddress(from, 'from')
    checkAddress(to, 'to')
    this.check()
    return new VmaRefs(this.#mm.asRaw().areas(from, to, { usage })[Symbol.iterator](), this)
  }

  /** All areas, in order of address: `areas()`. */
  [Symbol.iterator](): Iterator<VmaRef> {
    return this.areas()
  }

  /**
   * The states of the pages in a range, as runs of neighbours in the same state (`PAGE_STATE`). Gaps are left out.
   *
   * @throws VmError `ESRCH` where the process has ended, `EACCES` where this process may not read its pages
   */
  *pages(range: { from?: bigint; to?: bigint } = {}): Generator<PageRun, void, undefined> {
    const { from = 0n, to = END_OF_ADDRESSES } = checkOptions('pages()', range, pagesRules)
    checkAddress(from, 'from')
    checkAddress(to, 'to')
    this.check()
    for (const run of this.#mm.asRaw().pages(from, to)) {
      yield run
      this.check()
    }
  }

  /** Throws after the release. @throws UsageError `ERR_VMAREA_GUARD_RELEASED` */
  check(): void {
    if (!this.#held) this.#lock.check()
  }

  /** `mmap_read_unlock`: calls `release()`, for `using`. */
  [Symbol.dispose](): void {
    this.release()
  }
}

/**
 * The areas of an iteration as references. Not a generator: there may be tens of thousands of areas, and one generator below it is enough.
 */
class VmaRefs implements IterableIterator<VmaRef> {
  readonly #areas: Iterator<Area>
  readonly #guard: MmapReadGuard

  constructor(areas: Iterator<Area>, guard: MmapReadGuard) {
    this.#areas = areas
    this.#guard = guard
  }

  next(): IteratorResult<VmaRef> {
    this.#guard.check()
    const { done, value } = this.#areas.next()
    return done ? { done, value: undefined } : { done: false, value: new VmaRef(value, this.#guard) }
  }

  return(): IteratorResult<VmaRef> {
    this.#areas.return?.()
    return { done: true, value: undefined }
  }

  [Symbol.iterator](): this {
    return this
  }
}
