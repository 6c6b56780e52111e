import type { LinuxUserfaultfd } from '../../linux/userfaultfd/linux-userfaultfd.js'
import { UffdMessages } from '../../userfaultfd/uffd-messages.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import type { FaultSourceName } from '../../vocabulary/fault-source-name.js'
import { UFFD_RESOLVE_MODE } from '../../vocabulary/uffd-resolve-mode.js'
import type { FaultQueue } from './fault-queue.js'

/** Messages that one read takes at most. */
const MESSAGES = 64
const MESSAGE_BYTES = 32
/** Attempts at a call that answers `EAGAIN`, because another thread changes the layout. */
const ATTEMPTS = 1000
/** Failed pages that are remembered, for faults that come a moment later. */
const MOST_FAILED = 1024

export interface UserfaultfdQueueParts {
  readonly raw: LinuxUserfaultfd
  readonly name: FaultSourceName
  readonly pageSize: number
  /**
   * Called for each message that is not a fault (`REMOVE`, `UNMAP`, `REMAP`, `FORK`), in the kernel's order, before `take` returns: such
   * a message is newer than the faults of the same read, and applies to them. `messages` is valid during the call.
   */
  readonly onEvent?: (messages: UffdMessages, index: number) => void
  /** Hides a visible page, so that poison can be put there. Without this function a visible page stays, and its waiters are woken. */
  readonly displace?: (page: number) => boolean
  /** Whether an access finds a page or poison. Required where the owner does not know by itself which pages are poisoned. */
  readonly isThere?: (page: number) => boolean
}

/** Faults from a userfaultfd. The owner of `raw` decides what the memory is and how its pages are made. */
export class UserfaultfdQueue implements FaultQueue {
  readonly name: FaultSourceName
  readonly id = -1
  readonly #raw: LinuxUserfaultfd
  readonly #pageSize: number
  readonly #onEvent: UserfaultfdQueueParts['onEvent']
  readonly #displace: UserfaultfdQueueParts['displace']
  readonly #isThere: UserfaultfdQueueParts['isThere']
  readonly #failed = new Set<number>()
  readonly #messages = new UffdMessages(MESSAGES)

  constructor({ raw, name, pageSize, onEvent, displace, isThere }: UserfaultfdQueueParts) {
    this.#raw = raw
    this.name = name
    this.#pageSize = pageSize
    this.#onEvent = onEvent
    this.#displace = displace
    this.#isThere = isThere
  }

  get descriptor(): number {
    return this.#raw.descriptor
  }

  take(milliseconds: number): number {
    const messages = this.#messages
    const read = milliseconds > 0 ? this.#raw.wait(messages.bytes, milliseconds) : this.#raw.read(messages.bytes)
    if (read <= 0) return 0
    let faults = 0
    for (let index = 0; index < read / MESSAGE_BYTES; index++) {
      if (!messages.isFault(index)) {
        this.#onEvent?.(messages, index)
        continue
      }
      if (this.#failed.size > 0 && this.#endsBesidePoison(index)) continue
      if (faults < index) {
        messages.bytes.copyWithin(faults * MESSAGE_BYTES, index * MESSAGE_BYTES, (index + 1) * MESSAGE_BYTES)
      }
      faults++
    }
    return faults
  }

  /** Passes on the events that arrived while no thread served. */
  takeMissed(): void {
    const messages = this.#messages
    for (let read = 1; read > 0; ) {
      read = this.#raw.takeMissed(messages.bytes)
      for (let index = 0; index < read / MESSAGE_BYTES; index++) this.#onEvent?.(messages, index)
    }
  }

  interrupt(): void {
    this.#raw.interrupt()
  }

  address(index: number): number {
    return this.#messages.address(index, this.#pageSize)
  }

  isWrite(index: number): boolean {
    return this.#messages.isWrite(index)
  }

  isFirstWrite(index: number): boolean {
    return this.#messages.isWriteProtected(index)
  }

  threadId(index: number): number {
    return this.#messages.threadId(index)
  }

  wake(start: number, length: number): void {
    this.#raw.wake(start, length)
  }

  fail(start: number, length: number): number {
    let first = 0
    for (let page = start; page < start + length; page += this.#pageSize) {
      let code = this.#poison(page)
      // The kernel poisons only where there is neither a page nor a write-protection marker.
      if (code === ERRNO_RESULT.EEXIST) code = this.#displace?.(page) === true ? this.#poison(page) : 0
      first ||= code
      if (this.#isThere === undefined) continue
      if (this.#failed.size === MOST_FAILED) this.#failed.clear()
      this.#failed.add(page)
    }
    this.#raw.wake(start, length)
    return first
  }

  close(): void {
    this.#raw.close()
  }

  // A thread that faults just when its page is poisoned may begin its wait after the waiters were woken: the kernel takes poison for a missing
  // page there (userfaultfd_must_wait). Asked again, the driver would fill the page in place of the failure.
  #endsBesidePoison(index: number): boolean {
    const page = this.address(index)
    if (!this.#failed.has(page)) return false
    if (!this.isFirstWrite(index) && this.#isThere?.(page) === true) {
      this.wake(page, this.#pageSize)
      return true
    }
    this.#failed.delete(page)
    return false
  }

  #poison(page: number): number {
    for (let attempt = 0; ; attempt++) {
      const code = this.#raw.poisonOwn(page, this.#pageSize, UFFD_RESOLVE_MODE.DONTWAKE)
      if (code !== ERRNO_RESULT.EAGAIN || attempt === ATTEMPTS) return code
    }
  }
}
