import type { AreasOptions, PageRun } from '../kernel/address-space.js'
import type { Area } from '../kernel/area.js'
import type { AreaLifetime } from './area-lifetime.js'
import { checkAddress } from './check-address.js'
import { HeldLock } from './held-lock.js'
import type { MmWithUser } from './mm-with-user.js'
import { VmaRef } from './vma-ref.js'

/** The last address of all, which is in no area: an end that 64 bits hold. */
const END_OF_ADDRESSES = (1n << 64n) - 1n

/** Which areas to go through: those that overlap `[from, to)`. */
export interface AreaRange extends AreasOptions {
  /** Inclusive; 0 where it is left out. */
  readonly from?: bigint
  /** Exclusive; the end of all addresses where it is left out. */
  readonly to?: bigint
}

/**
 * The read side of the mmap lock is held: the kernel's `MmapReadGuard`.
 *
 * Invariant: until it is released this library changes nothing in the layout of the address space. Every `VmaRef` it gave dies with it.
 * A guard belongs to the thread that took it; it can't be sent to another.
 *
 * @example
 * using guard = mm.mmgetNotZero()!.mmapReadLock()
 * for (const vma of guard) console.log(vma.start, vma.path)
 */
export class MmapReadGuard implements AreaLifetime, Disposable, Iterable<VmaRef> {
  readonly #mm: MmWithUser
  readonly #lock: HeldLock
  /** The lock's own word on it, here because every use of every area asks. */
  #held = true
  /** Releases the lock. A second time does nothing. It is a property of its own so that structured clone refuses the guard. */
  readonly release: () => void

  /** Takes over a hold of the lock. Ask `mmapReadLock` for one instead. */
  constructor(mm: MmWithUser) {
    this.#mm = mm
    const lock = new HeldLock(mm.asRaw(), this, 'MmapReadGuard')
    this.#lock = lock
    this.release = () => {
      this.#held = false
      lock.release()
    }
  }

  get mm(): MmWithUser {
    return this.#mm
  }

  /** Whether the lock is still held. */
  get held(): boolean {
    return this.#held
  }

  /** `vma_lookup`: the area that contains `address` (`start <= address < end`). A gap gives `undefined`. */
  vmaLookup(address: bigint): VmaRef | undefined {
    checkAddress(address, 'address')
    this.check()
    const area = this.#mm.asRaw().lookup(address)
    return area === undefined ? undefined : new VmaRef(area, this)
  }

  /**
   * The areas that overlap a range, in order of address, whole. With `usage: true` their flags and usage come in the same pass, which
   * is by far the cheapest way to have them of many areas.
   *
   * V8 and the C library may map and unmap meanwhile: each area is true, all of them together need not be of one moment.
   */
  areas({ from = 0n, to = END_OF_ADDRESSES, usage = false }: AreaRange = {}): IterableIterator<VmaRef> {
    checkAddress(from, 'from')
    checkAddress(to, 'to')
    this.check()
    return new VmaRefs(this.#mm.asRaw().areas(from, to, { usage })[Symbol.iterator](), this)
  }

  [Symbol.iterator](): Iterator<VmaRef> {
    return this.areas()
  }

  /** The states of the pages in a range, as runs of neighbours in the same state (`PAGE_STATE`); gaps are left out. */
  *pages({
    from = 0n,
    to = END_OF_ADDRESSES,
  }: {
    from?: bigint
    to?: bigint
  } = {}): Generator<PageRun, void, undefined> {
    checkAddress(from, 'from')
    checkAddress(to, 'to')
    this.check()
    for (const run of this.#mm.asRaw().pages(from, to)) {
      yield run
      this.check()
    }
  }

  /** Throws `ERR_VMAREA_GUARD_RELEASED` after the release. */
  check(): void {
    if (!this.#held) this.#lock.check()
  }

  [Symbol.dispose](): void {
    this.release()
  }
}

/** The areas of an iteration as references. Not a generator: there may be tens of thousands of them, and one behind this is enough. */
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
