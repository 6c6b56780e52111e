import { ERRNO_RESULT } from '../vocabulary/errno-result.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { VmError } from '../vocabulary/vm-error.js'
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
    this.checkNonblocking()
    this.#refuseQueued()
    const length = this.#held.raw.read(messages.bytes)
    if (length >= 0) return length / MESSAGE
    if (length === ERRNO_RESULT.EAGAIN) return 0
    throw this.#error(length)
  }

  /** The same, but blocks the thread until there is one, for at most `timeout` milliseconds. */
  wait(messages: UffdMessages, timeout: number): number {
    this.checkNonblocking()
    this.#refuseQueued()
    const length = timeout <= LONGEST_WAIT ? this.#waitOnce(messages, timeout) : this.#waitLong(messages, timeout)
    return length >= 0 ? length / MESSAGE : this.#interrupted(length)
  }

  #waitLong(messages: UffdMessages, timeout: number): number {
    const end = performance.now() + timeout
    for (let rest = timeout; rest > 0; rest = end - performance.now()) {
      const length = this.#waitOnce(messages, Math.min(LONGEST_WAIT, rest))
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

  #waitOnce(messages: UffdMessages, timeout: number): number {
    const { raw } = this.#held
    if (raw.wait === undefined) throw unsupported(this.#held.kernel, 'its threads can not wait')
    return raw.wait(messages.bytes, Math.max(0, Math.ceil(timeout)))
  }

  #interrupted(code: number): number {
    if (code === ERRNO_RESULT.EINTR) return 0
    throw this.#error(code)
  }

  #error(code: number): Error {
    this.#held.checkHeld()
    return new VmError(code, 'read', this.#held.open ? {} : { hint: 'the userfaultfd is closed' })
  }

  #refuseQueued(): void {
    if (this.#held.queue.waiting) throw eventsWereLeft()
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
