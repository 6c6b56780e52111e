import type { AddressSpace } from '../kernel/address-space.js'
import { destructiveAdvice } from '../kernel/destructive/destructive-advice.js'
import { type ForeignOptions, foreignRules, refuseForeign } from '../kernel/destructive/refuse-foreign.js'
import { belongsToItsThread } from '../vocabulary/errors/belongs-to-its-thread.js'
import { type Advice, MADV } from '../vocabulary/madv.js'
import { bytesRule } from '../vocabulary/options/bytes-rule.js'
import { checkAddress } from '../vocabulary/options/check-address.js'
import { checkArgument } from '../vocabulary/options/check-argument.js'
import { checkOptions } from '../vocabulary/options/check-options.js'
import { showValue } from '../vocabulary/options/show-value.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { MmapReadGuard } from './mmap-read-guard.js'
import { VmaReadGuard } from './vma-read-guard.js'

/**
 * An address space that has users: the kernel's `MmWithUser`.
 *
 * Invariant: the address space had users when this was made. That of this process has them until the process ends.
 *
 * The lock belongs to the library, one for all threads of this process. It holds off the changes that this library makes; V8, the C library
 * and other addons map and unmap regardless. Another process has no such lock: a guard on it holds nothing off.
 *
 * ```ts
 * using user = thisProcess().mm.mmgetNotZero()!
 * using guard = user.mmapReadLock()
 * console.log(guard.vmaLookup(memory.start)?.toString())
 * ```
 *
 * @throws UsageError `ERR_VMAREA_GUARD_RELEASED` from every method once it is disposed; `ERR_VMAREA_INVALID_ARGUMENT`
 * for an address that is no bigint in `[0, 2^64)`
 */
export class MmWithUser implements Disposable {
  readonly #addressSpace: AddressSpace
  /** Whether it holds a count of the users, which dispose gives back. */
  readonly #isCounted: boolean
  #put = false
  /** @internal Structured clone rejects an object that has a function. */
  protected readonly thread: () => string = belongsToItsThread

  /**
   * Takes over a count of the users that `tryGet` gave. Without `isCounted` it holds none, and the caller guarantees the users.
   */
  constructor(addressSpace: AddressSpace, isCounted: boolean) {
    this.#addressSpace = addressSpace
    this.#isCounted = isCounted
  }

  /** Wraps an address space whose users the caller guarantees. Disposing it changes no count. */
  static fromRaw(addressSpace: AddressSpace): MmWithUser {
    return new MmWithUser(addressSpace, false)
  }

  /** The raw address space. */
  asRaw(): AddressSpace {
    return this.#addressSpace
  }

  /** The number of the process. */
  get pid(): number {
    return this.#addressSpace.pid
  }

  /**
   * `mmap_read_lock`: holds off this library's changes to the layout, on all threads, until the guard is released. Several threads may hold
   * it at a time. A change by a thread that holds it fails with `EDEADLK`; those of other threads wait.
   *
   * @throws VmError `EDEADLK` inside a driver's `mmap` hook, which holds the lock for writing
   */
  mmapReadLock(): MmapReadGuard {
    this.#check()
    this.#addressSpace.readLock()
    return new MmapReadGuard(this)
  }

  /** `mmap_read_trylock`: as `mmapReadLock`, or `undefined` when a change is in progress or waits for the lock. */
  mmapReadTrylock(): MmapReadGuard | undefined {
    this.#check()
    return this.#addressSpace.tryReadLock() ? new MmapReadGuard(this) : undefined
  }

  /**
   * `lock_vma_under_rcu`: the area that contains `address`, held by a guard of its own, without waiting.
   *
   * `undefined` does not mean that nothing is mapped there: the answer is the same while a change is in progress. Take the mmap lock then.
   *
   * @throws VmError `ESRCH` where the process has ended, `EACCES` where this process may not read its areas
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
   * Copies memory from `address` on into `target`, as process_vm_readv(2) does, and faults no page that this process may not read. Returns
   * the number of bytes that were copied, which is smaller where a page is not mapped or not readable.
   *
   * @throws UsageError `ERR_VMAREA_WOULD_DEADLOCK` where only this thread could answer the fault of a page; `ERR_VMAREA_INVALID_ARGUMENT`
   * @throws VmError `EFAULT` when not even the first byte could be read, `EPERM` when this process may not read that
   * one, `ESRCH` when it has ended
   */
  readMemory(address: bigint, target: Uint8Array): number {
    checkAddress(address, 'address')
    checkArgument('readMemory()', 'target', target, bytesRule)
    this.#check()
    return this.#addressSpace.readMemory(address, target)
  }

  /**
   * process_madvise(2): advises the kernel how `length` bytes from `address` on will be used. Another process accepts
   * `'willneed'`, `'cold'`, `'pageout'` and `'collapse'`. Returns the number of bytes that were advised.
   *
   * Advice that changes contents (`'dontneed'`, `'free'`, `'remove'`, …) is refused for private memory of this process that the library did
   * not map, such as the engine's, a stack or the heap, without `foreign: true`: the process may end.
   *
   * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` for an advice or a length that does not exist, `ERR_VMAREA_FOREIGN_MEMORY`,
   * `ERR_VMAREA_WOULD_DEADLOCK` where it would wait for a fault that only this thread could answer
   * @throws VmError as process_madvise(2): `EINVAL` where the advice does not fit, `EPERM` without the privilege,
   * `ENOMEM` where nothing is mapped, `ESRCH` when the process has ended
   */
  advise(address: bigint, length: number, advice: Advice, options: ForeignOptions = {}): number {
    checkAddress(address, 'address')
    this.#check()
    const number = typeof advice === 'string' ? MADV[advice.toUpperCase() as keyof typeof MADV] : undefined
    if (number === undefined) {
      throw new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `${showValue(advice)} is not an advice of madvise(2)`)
    }
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        `length must be a whole number of bytes from 0 on, and is ${showValue(length)}`,
      )
    }
    if (checkOptions('advise()', options, foreignRules).foreign !== true && destructiveAdvice.has(number))
      refuseForeign(this.#addressSpace, address, length, `advice '${advice}'`)
    return this.#addressSpace.advise(address, length, number)
  }

  /** `mmput`: gives the count of users back. A second call does nothing. */
  release(): void {
    if (this.#put) return
    this.#put = true
    if (this.#isCounted) this.#addressSpace.put()
  }

  /** Calls `release()`, for `using`. */
  [Symbol.dispose](): void {
    this.release()
  }

  #check(): void {
    if (this.#put) throw new UsageError('ERR_VMAREA_GUARD_RELEASED', 'this MmWithUser has been disposed')
  }
}
