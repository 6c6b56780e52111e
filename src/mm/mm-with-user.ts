import type { AddressSpace } from '../kernel/address-space.js'
import { type Advice, MADV } from '../vocabulary/madv.js'
import { showValue } from '../vocabulary/options/show-value.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { checkAddress } from './check-address.js'
import { MmapReadGuard } from './mmap-read-guard.js'
import { VmaReadGuard } from './vma-read-guard.js'

/**
 * An address space that has users: the kernel's `MmWithUser`.
 *
 * Invariant: the address space had users when this was made, and for this process has them for good.
 *
 * The lock is the library's own, one for all threads of this process. It holds off the changes that this library makes; V8, the C
 * library and other addons map and unmap as they like. Another process has no lock to take: a guard on it only says that you look.
 */
export class MmWithUser implements Disposable {
  readonly #addressSpace: AddressSpace
  /** It holds a count of the users, which it gives back. */
  readonly #isCounted: boolean
  #put = false

  /** Takes over a count of the users that `tryGet` gave; without `isCounted`, the caller vouches for them. */
  constructor(addressSpace: AddressSpace, isCounted: boolean) {
    this.#addressSpace = addressSpace
    this.#isCounted = isCounted
  }

  /** Over an address space whose users the caller vouches for. Giving it back changes no count. */
  static fromRaw(addressSpace: AddressSpace): MmWithUser {
    return new MmWithUser(addressSpace, false)
  }

  /** The raw address space. */
  asRaw(): AddressSpace {
    return this.#addressSpace
  }

  get pid(): number {
    return this.#addressSpace.pid
  }

  /**
   * `mmap_read_lock`: holds off this library's changes to the layout, on all threads, until the guard is released. Several threads may
   * hold it at a time. A change made by the thread that holds it fails with `EDEADLK`; those of other threads wait.
   */
  mmapReadLock(): MmapReadGuard {
    this.#check()
    this.#addressSpace.readLock()
    return new MmapReadGuard(this)
  }

  /** `mmap_read_trylock`: as `mmapReadLock`, or `undefined` when a change is going on or waiting. */
  mmapReadTrylock(): MmapReadGuard | undefined {
    this.#check()
    return this.#addressSpace.tryReadLock() ? new MmapReadGuard(this) : undefined
  }

  /**
   * `lock_vma_under_rcu`: the area that contains `address`, held by a guard of its own, without waiting.
   *
   * `undefined` does not mean that nothing is mapped there: it is also the answer while a change is going on. Take the mmap lock then.
   */
  lockVmaUnderRcu(address: bigint): VmaReadGuard | undefined {
    checkAddress(address, 'address')
    this.#check()
    const addressSpace = this.#addressSpace
    if (!addressSpace.tryReadLock()) return undefined
    try {
      const area = addressSpace.lookup(address)
      if (area !== undefined) return new VmaReadGuard(area, this)
    } catch (error) {
      addressSpace.readUnlock()
      throw error
    }
    addressSpace.readUnlock()
    return undefined
  }

  /**
   * Copies memory into `target`, as process_vm_readv(2) does: no page is faulted that this process does not have the right to read.
   * Returns the bytes that could be read, which are fewer where a page is not mapped or not readable.
   *
   * Throws `VmError`: `EFAULT` when not even the first byte could be read, `EPERM` when the process may not be looked into, `ESRCH` when
   * it has gone.
   */
  readMemory(address: bigint, target: Uint8Array): number {
    checkAddress(address, 'address')
    this.#check()
    return this.#addressSpace.readMemory(address, target)
  }

  /**
   * process_madvise(2): advises the kernel on how memory will be used. Another process takes `willneed`, `cold`, `pageout` and `collapse`.
   * Returns the bytes that were advised.
   *
   * Advice that changes contents (`'dontneed'`, `'free'`, `'remove'`, …) reaches whatever memory of this process is there, that of the engine
   * included: give it addresses of mappings alone.
   */
  advise(address: bigint, length: number, advice: Advice): number {
    checkAddress(address, 'address')
    this.#check()
    const number = MADV[advice.toUpperCase() as keyof typeof MADV]
    if (number === undefined) {
      throw new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `${JSON.stringify(advice)} is no advice of madvise(2)`)
    }
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        `length must be a number of bytes and is ${showValue(length)}`,
      )
    }
    return this.#addressSpace.advise(address, length, number)
  }

  /** `mmput`. A second time does nothing. */
  [Symbol.dispose](): void {
    if (this.#put) return
    this.#put = true
    if (this.#isCounted) this.#addressSpace.put()
  }

  #check(): void {
    if (this.#put) throw new UsageError('ERR_VMAREA_GUARD_RELEASED', 'this MmWithUser has been given back')
  }
}
