import { ERRNO_RESULT } from '../vocabulary/errno-result.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { VmError } from '../vocabulary/vm-error.js'
import { checks } from './checks.js'
import type { HeldUserfaultfd } from './held-userfaultfd.js'
import type { UffdEvent } from './uffd-event.js'
import { UffdMessages } from './uffd-messages.js'
import { unsupported } from './unsupported.js'

/** A long wait is a chain of short ones, in milliseconds, so that a Worker that waits can be terminated. */
const LONGEST_WAIT = 100
/** Bytes of a `struct uffd_msg`. */
const MESSAGE = 32

/** Reads the messages of a userfaultfd. */
export class MessageReader {
  readonly #held: HeldUserfaultfd

  constructor(held: HeldUserfaultfd) {
    this.#held = held
  }

  /** The next event, or `undefined` where there is none. */
  event(): UffdEvent | undefined {
    const { queue, raw } = this.#held
    const queued = queue.take()
    if (queued !== undefined) return queued
    this.checkNonblocking()
    const length = raw.read(single.bytes)
    if (length === ERRNO_RESULT.EAGAIN || length === 0) return undefined
    if (length < 0) throw this.#error(length)
    return this.#held.decode(single, 0)
  }

  /** Fills `messages` with the queued ones and returns their number. */
  messages(messages: UffdMessages): number {
    if (!(messages instanceof UffdMessages)) checks.messages(messages)
    const { raw, queue } = this.#held
    if (!raw.nonblocking || queue.waiting) this.#refuse()
    const length = raw.read(messages.bytes)
    if (length >= 0) return length / MESSAGE
    if (length === ERRNO_RESULT.EAGAIN) return 0
    throw this.#error(length)
  }

  /** The same, but blocks the thread until there is one, for at most `timeout` milliseconds. */
  wait(messages: UffdMessages, timeout: number): number {
    if (!(messages instanceof UffdMessages && typeof timeout === 'number')) checks.wait(messages, timeout)
    const { raw, queue } = this.#held
    if (!raw.nonblocking || queue.waiting || raw.wait === undefined) this.#refuseToWait(messages, timeout)
    const length = timeout <= LONGEST_WAIT ? raw.wait!(messages.bytes, timeout) : this.#waitLong(messages, timeout)
    return length >= 0 ? length / MESSAGE : this.#interrupted(length)
  }

  #waitLong(messages: UffdMessages, timeout: number): number {
    // NaN comes here.
    checks.wait(messages, timeout)
    const { raw } = this.#held
    const end = performance.now() + timeout
    for (let rest = timeout; rest > 0; rest = end - performance.now()) {
      const length = raw.wait!(messages.bytes, Math.min(LONGEST_WAIT, rest))
      if (length !== 0) return length
    }
    return 0
  }

  /** Throws where a read would block the thread. */
  checkNonblocking(): void {
    const held = this.#held
    held.checkHeld()
    if (!held.raw.nonblocking && held.open) throw blocksWhenRead(held.raw.descriptor)
  }

  /** Throws what stands against reading messages; returns where the descriptor is closed, which the read says. */
  #refuse(): void {
    this.checkNonblocking()
    if (this.#held.queue.waiting) throw eventsWereLeft()
  }

  #refuseToWait(messages: UffdMessages, timeout: number): void {
    checks.wait(messages, timeout)
    this.#refuse()
    if (this.#held.raw.wait === undefined) throw unsupported(this.#held.kernel, 'its threads can not wait')
  }

  #interrupted(code: number): number {
    if (code === ERRNO_RESULT.EINTR) return 0
    throw this.#error(code)
  }

  #error(code: number): Error {
    this.#held.checkHeld()
    return new VmError(code, 'read', this.#held.open ? {} : { hint: 'the userfaultfd is closed' })
  }
}

const single = new UffdMessages(1)

// Apart from the loops that may throw them: the smaller the parts of a loop are, the more of them the engine compiles as one, in which an
// address is never an object.

function eventsWereLeft(): UsageError {
  return new UsageError(
    'ERR_VMAREA_WOULD_BLOCK',
    'an ended loop over events() left some behind: take them with readEvent() or another loop before reading raw messages',
  )
}

function blocksWhenRead(descriptor: number): UsageError {
  return new UsageError(
    'ERR_VMAREA_WOULD_BLOCK',
    `descriptor ${descriptor} waits when it is read, and can not be polled: adopt it with setNonblocking: true`,
  )
}
