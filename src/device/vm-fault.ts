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
 * Invariant: until `signal` is aborted, an access or a call waits for the answer.
 */
export class VmFault {
  readonly #fault: RawFault
  /**
   * The area that was touched. Valid while the hook runs, and in an asynchronous hook until its first `await`. `undefined` where `ready` or
   * `prefetch` requests the pages, which touches nothing.
   */
  readonly vma: VmaRef | undefined
  #answered = false

  /** @internal */
  constructor(fault: RawFault, lifetime: HookLifetime | undefined) {
    this.#fault = fault
    this.vma = fault.area === undefined || lifetime === undefined ? undefined : new VmaRef(fault.area, lifetime)
  }

  /** The address of the page that was touched; `undefined` where no page was. */
  get address(): bigint | undefined {
    return this.#fault.address
  }

  /** The offset in the device of the first byte of `bytes`, in bytes. */
  get offset(): number {
    return this.#fault.offset
  }

  /** The access is a write. */
  get write(): boolean {
    return this.#fault.write
  }

  /**
   * The device's own pages that the program will see, from `offset` on: whole pages, at least one, as many as the request is for (`run`).
   * Fill them before the hook returns or its promise resolves: bytes that are not written are zero. Do not keep them.
   */
  get bytes(): Uint8Array {
    return this.#fault.bytes
  }

  /**
   * Aborted when the last waiter has left: at the time limit, or because the device was closed. Stop the hook's work then. The error with
   * which the hook rejects at once becomes the cause of the access's `ETIMEDOUT`.
   */
  get signal(): AbortSignal {
    return this.#fault.signal
  }

  /**
   * Answers with a page that the driver owns, instead of `bytes`. The page still belongs to the driver, and may be mapped at several
   * addresses.
   *
   * @throws UsageError `ERR_VMAREA_HOOK_RETURNED` once the hook has settled, `ERR_VMAREA_INVALID_ARGUMENT` for what is no page
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
