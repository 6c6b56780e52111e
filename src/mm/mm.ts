import type { AddressSpace } from '../kernel/address-space.js'
import { hostKernel } from '../kernel/host-kernel.js'
import { showValue } from '../vocabulary/options/show-value.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { MmWithUser } from './mm-with-user.js'

/**
 * An address space that may have been torn down already: the kernel's `Mm`.
 *
 * Holding one keeps the structure, not the memory: `mmgetNotZero()` finds out whether it still has users. The address space is that of the
 * program that ran when the `Mm` was made: when the process runs another one (execve), this one is gone.
 *
 * @example
 * using mm = Mm.of(process.ppid)
 * using user = mm.mmgetNotZero()
 * using guard = user?.mmapReadLock()
 * console.log(guard?.vmaLookup(0x400000n)?.path)
 */
export class Mm implements Disposable {
  readonly #addressSpace: AddressSpace
  /** It was opened for this object, and is closed with it. */
  readonly #isOwn: boolean

  private constructor(addressSpace: AddressSpace, isOwn: boolean) {
    this.#addressSpace = addressSpace
    this.#isOwn = isOwn
  }

  /**
   * The address space of a running process. Throws `VmError`: `ESRCH` when there is no such process, `EACCES` with the missing right when
   * it may not be looked at.
   */
  static of(pid: number): Mm {
    if (!Number.isInteger(pid) || pid <= 0 || pid > 0x7fff_ffff) {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        `a process number is an integer from 1 to 2147483647, and this is ${showValue(pid)}${numberIn(pid)}`,
      )
    }
    if (hostKernel.addressSpaceOf === undefined) {
      throw new UsageError(
        'ERR_VMAREA_UNSUPPORTED',
        'Mm.of needs the running kernel: import it from vmarea, not from vmarea/model',
      )
    }
    return new Mm(hostKernel.addressSpaceOf(pid), true)
  }

  /** An `Mm` over a raw address space, which stays its maker's to close. */
  static fromRaw(addressSpace: AddressSpace): Mm {
    return new Mm(addressSpace, false)
  }

  /** The raw address space. */
  asRaw(): AddressSpace {
    return this.#addressSpace
  }

  get pid(): number {
    return this.#addressSpace.pid
  }

  /**
   * `mmget_not_zero`: an `Mm` that is known to have users, or `undefined` when the process has ended.
   * Throws `VmError` `EINVAL` for a thread of the kernel, which has no memory of its own.
   * What is asked of another process later may still fail with `ESRCH`: nothing holds it back from ending.
   */
  mmgetNotZero(): MmWithUser | undefined {
    return this.#addressSpace.tryGet() ? new MmWithUser(this.#addressSpace, true) : undefined
  }

  /** Gives up the descriptors that were opened for it. Guards that are held stay held, and can read no more. */
  [Symbol.dispose](): void {
    if (this.#isOwn) this.#addressSpace.close?.()
  }
}

/** The call that a number in a string was meant for. */
function numberIn(pid: unknown): string {
  return typeof pid === 'string' && /^\d+$/.test(pid) ? `: write Mm.of(${pid})` : ''
}
