import type { AddressSpace } from '../kernel/address-space.js'
import { hostKernel } from '../kernel/host-kernel.js'
import { belongsToItsThread } from '../vocabulary/errors/belongs-to-its-thread.js'
import { showValue } from '../vocabulary/options/show-value.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { MmWithUser } from './mm-with-user.js'

/**
 * An address space that may have been torn down already: the kernel's `Mm`.
 *
 * It keeps the structure alive, not the memory: `mmgetNotZero()` tests whether it still has users. It belongs to the program that ran when
 * the `Mm` was made: when the process executes another program (execve), this address space ends.
 *
 * ```ts
 * using mm = Mm.of(process.ppid)
 * using user = mm.mmgetNotZero()
 * using guard = user?.mmapReadLock()
 * console.log(guard?.vmaLookup(0x400000n)?.path)
 * ```
 */
export class Mm implements Disposable {
  readonly #addressSpace: AddressSpace
  /** Whether the address space was opened for this object, which then closes it. */
  readonly #isOwn: boolean
  /** @internal Structured clone rejects an object that has a function. */
  protected readonly thread: () => string = belongsToItsThread

  private constructor(addressSpace: AddressSpace, isOwn: boolean) {
    this.#addressSpace = addressSpace
    this.#isOwn = isOwn
  }

  /**
   * Opens the address space of a running process.
   *
   * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` for a number that no process can have, `ERR_VMAREA_UNSUPPORTED`
   * where only the model is loaded
   * @throws VmError `ESRCH` when there is no such process, `EACCES` when this process may not look at it: the message
   * names the missing right; `EMFILE` without a free descriptor
   */
  static of(pid: number): Mm {
    if (!Number.isInteger(pid) || pid <= 0 || pid > 0x7fff_ffff) {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        `pid must be an integer from 1 to 2147483647, and is ${showValue(pid)}${numberIn(pid)}`,
      )
    }
    if (hostKernel.addressSpaceOf === undefined) {
      throw new UsageError(
        'ERR_VMAREA_UNSUPPORTED',
        'Mm.of requires the running kernel: import it from vmarea, not from vmarea/device',
      )
    }
    return new Mm(hostKernel.addressSpaceOf(pid), true)
  }

  /** Wraps a raw address space, which stays the caller's to close. */
  static fromRaw(addressSpace: AddressSpace): Mm {
    return new Mm(addressSpace, false)
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
   * `mmget_not_zero`: an `Mm` that is known to have users, or `undefined` when the process has ended. A later call on another process may
   * still fail with `ESRCH`: this object does not keep the process from ending.
   *
   * @throws VmError `EINVAL` for a thread of the kernel, which has no memory of its own
   */
  mmgetNotZero(): MmWithUser | undefined {
    return this.#addressSpace.tryGet() ? new MmWithUser(this.#addressSpace, true) : undefined
  }

  /** Closes the descriptors that `Mm.of` opened. Guards stay held, but can no longer read. */
  close(): void {
    if (this.#isOwn) this.#addressSpace.close?.()
  }

  /** Calls `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close()
  }
}

/** A hint that names the call, where a number was given as a string. */
function numberIn(pid: unknown): string {
  return typeof pid === 'string' && /^\d+$/.test(pid) ? `: write Mm.of(${pid})` : ''
}
