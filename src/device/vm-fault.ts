import type { RawFault } from '../kernel/raw-fault.js'
import type { RawPage } from '../kernel/raw-page.js'
import { rawPageOf } from '../kernel/raw-page-of.js'
import { VmaRef } from '../mm/vma-ref.js'
import { hex } from '../vocabulary/hex.js'
import { UsageError } from '../vocabulary/usage-error.js'
import type { HookLifetime } from './hook-lifetime.js'
import type { Page } from './page.js'

/**
 * One fault, as a driver sees it: `struct vm_fault`.
 *
 * Invariant: somebody waits for the answer, until `signal` is aborted.
 */
export class VmFault {
  readonly #fault: RawFault
  /**
   * The area that was touched. Good while the hook runs, and for an asynchronous one until its first `await`. `undefined` where nobody
   * touched anything: `ready` or `prefetch` asks.
   */
  readonly vma: VmaRef | undefined
  #answered = false

  /** @internal */
  constructor(fault: RawFault, lifetime: HookLifetime | undefined) {
    this.#fault = fault
    this.vma = fault.area === undefined || lifetime === undefined ? undefined : new VmaRef(fault.area, lifetime)
  }

  /** The address of the page that was touched, likewise. */
  get address(): bigint | undefined {
    return this.#fault.address
  }

  /** Where in the device `bytes` begins, in bytes. */
  get offset(): number {
    return this.#fault.offset
  }

  /** The access is a write. */
  get write(): boolean {
    return this.#fault.write
  }

  /**
   * The device's own pages that the program will see, from `offset` on: whole pages, at least one, and as many as the device was opened
   * for. Fill them before the hook returns or its promise resolves; what is left is zero. Do not keep them.
   */
  get bytes(): Uint8Array {
    return this.#fault.bytes
  }

  /** Aborted when nobody waits for the answer any more: it came too late, or the device was closed. */
  get signal(): AbortSignal {
    return this.#fault.signal
  }

  /**
   * Answers with a page of the driver's own, instead of `bytes`. It stays the driver's, and may be in several places. Throws
   * `ERR_VMAREA_INVALID_ARGUMENT` for what is no page: an answer with nothing would be zeros.
   */
  answer(page: Page | RawPage): void {
    if (this.#answered) {
      throw new UsageError('ERR_VMAREA_HOOK_RETURNED', 'this fault was answered: its hook has returned')
    }
    this.#fault.answer(rawPageOf(page))
  }

  /** @internal The hook has returned, and its promise, if it gave one, has settled. */
  hookSettled(): void {
    this.#answered = true
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const { address, offset, write } = this.#fault
    const where = address === undefined ? 'asked for' : `${write ? 'write' : 'read'} at ${hex(address)}`
    return `VmFault { ${where}, offset ${offset} of the device }`
  }
}
