import { refuseForeign } from '../kernel/destructive/refuse-foreign.js'
import type { Kernel } from '../kernel/kernel.js'
import type { RawUserfaultfd } from '../kernel/raw-userfaultfd.js'
import { ERRNO_RESULT } from '../vocabulary/errno-result.js'
import { checkAddress } from '../vocabulary/options/check-address.js'
import { UFFD_RESOLVE_MODE } from '../vocabulary/uffd-resolve-mode.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { VmError } from '../vocabulary/vm-error.js'
import { checks } from './checks.js'
import { decodeEvent } from './decode-event.js'
import { EventQueue } from './event-queue.js'
import { resolveError } from './resolve-error.js'
import type { UffdAddress } from './uffd-address.js'
import type { UffdEvent } from './uffd-event.js'
import type { UffdMessages } from './uffd-messages.js'
import { unsupported } from './unsupported.js'
import type { Userfaultfd } from './userfaultfd.js'

/** The state of a handle of a userfaultfd: the descriptor until it is handed out, and the events that were read and not yielded. */
export class HeldUserfaultfd {
  readonly kernel: Kernel
  readonly raw: RawUserfaultfd
  readonly queue: EventQueue
  readonly #adopt: (raw: RawUserfaultfd) => Userfaultfd
  #moved = false

  /** @param adopt makes the handle of a child's userfaultfd from a fork event */
  constructor(kernel: Kernel, raw: RawUserfaultfd, adopt: (raw: RawUserfaultfd) => Userfaultfd) {
    this.kernel = kernel
    this.raw = raw
    this.queue = new EventQueue(raw, kernel.pageSize, (messages, index) => this.decode(messages, index))
    this.#adopt = adopt
  }

  /** Whether the descriptor was handed out. */
  get moved(): boolean {
    return this.#moved
  }

  /** Whether it is neither closed nor handed out. */
  get open(): boolean {
    return this.raw.descriptor !== -1
  }

  /** Hands out the open descriptor. */
  intoDescriptor(): number {
    this.checkHeld()
    const descriptor = this.raw.intoDescriptor()
    this.#moved = true
    return descriptor
  }

  /** Throws `ERR_VMAREA_MOVED` once the descriptor was handed out. */
  checkHeld(): void {
    if (this.#moved) throw moved()
  }

  /** For calls that take bigints alone. */
  checkRange(call: string, address: bigint, length: number): void {
    this.checkHeld()
    checkAddress(address, 'address')
    checks.range(call, address, length)
  }

  /** Throws where a page that a call would move away may be the engine's. */
  refuseForeign(source: UffdAddress, length: number): void {
    const isRange =
      (typeof source === 'bigint' || Number.isInteger(source)) && Number.isSafeInteger(length) && length > 0
    if (isRange) refuseForeign(this.kernel.addressSpace, BigInt(source), length, 'move')
  }

  /** The runs that were written: see `Userfaultfd.written`. */
  written(address: bigint, length: number, options: { reset?: boolean }): { start: bigint; end: bigint }[] {
    this.checkRange('written()', address, length)
    const { reset } = checks.written(options)
    if (this.raw.written === undefined) throw unsupported(this.kernel, 'it keeps no account of writes')
    const end = address + BigInt(length)
    // A reset that meets memory without wp_async fails after it has protected the pages before, whose writes would be lost: look first.
    if (reset) this.raw.written(address, end, false)
    return this.raw.written(address, end, reset === true)
  }

  decode(messages: UffdMessages, index: number): UffdEvent {
    return decodeEvent(messages, index, (descriptor) =>
      this.#adopt(this.kernel.userfaultfds.adoptUserfaultfd(descriptor, this.raw)),
    )
  }

  /** Ends a resolving call that did its whole range. Updates the queue only while an iterator runs. Returns `length`. */
  finished(address: UffdAddress, length: number, mode: number): number {
    // Check first: passed to a function, an address that is a number may become a heap object.
    if (this.queue.expectsAnswers) this.#answered(address, length, mode)
    return length
  }

  #answered(address: UffdAddress, length: number, mode: number): void {
    if ((mode & UFFD_RESOLVE_MODE.DONTWAKE) === 0) this.queue.answered(BigInt(address), length)
  }

  /** The error of a resolving call. After `EAGAIN` its faults are yielded again. */
  error(code: number, syscall: string, address: UffdAddress, length: number, done: number): Error {
    if (this.#moved) return moved()
    if (code === ERRNO_RESULT.EAGAIN) this.queue.park(BigInt(address) + BigInt(done), length - done)
    return resolveError(code, syscall, { address, length, done, pageSize: this.kernel.pageSize })
  }

  /** Makes a call, and throws its error with an explanation. */
  explained<T>(syscall: string, address: bigint, length: number, call: () => T): T {
    this.checkRange(syscall, address, length)
    try {
      return call()
    } catch (error) {
      if (!(error instanceof VmError)) throw error
      throw resolveError(error.errno, syscall, { address, length, pageSize: this.kernel.pageSize, cause: error })
    }
  }
}

function moved(): UsageError {
  return new UsageError(
    'ERR_VMAREA_MOVED',
    'the descriptor was given away with intoRawDescriptor(): use the object that took it over',
  )
}
