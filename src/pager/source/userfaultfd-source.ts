import type { FaultSourceName } from '../../kernel/devices.js'
import type { LinuxUserfaultfd } from '../../linux/userfaultfd/linux-userfaultfd.js'
import { UFFD_FAULT_FLAG } from '../../vocabulary/uffd-fault-flag.js'
import { UFFD_MODE } from '../../vocabulary/uffd-mode.js'
import { UFFD_RESOLVE_MODE } from '../../vocabulary/uffd-resolve-mode.js'
import type { FaultSource } from './fault-source.js'
import { PageEntries } from './page-entries.js'

const MESSAGE = 32
const MESSAGES = 64
const EVENT_PAGEFAULT = 0x12

const ENOENT = -2
const EAGAIN = -11
const EEXIST = -17

/** How often a call is made again that the kernel only said `EAGAIN` to. */
const PATIENCE = 1000

/** Bytes that are copied at once, so that nobody is kept from unmapping for long. */
const STEP = 2 ** 18

/** Faults from a userfaultfd: a page that was never there is missing, one that was hidden is minor, and both are shown by `CONTINUE`, or made by `COPY`. */
export class UserfaultfdSource implements FaultSource {
  readonly name: FaultSourceName
  readonly #raw: LinuxUserfaultfd
  readonly #pageSize: number
  readonly #messages = new Uint8Array(MESSAGES * MESSAGE)
  readonly #words = new Uint32Array(this.#messages.buffer)
  readonly #entries: PageEntries
  #notifiesWrites = false

  constructor(raw: LinuxUserfaultfd, name: FaultSourceName, pageSize: number) {
    this.#raw = raw
    this.#pageSize = pageSize
    this.#entries = new PageEntries(pageSize)
    this.name = name
  }

  get descriptor(): number {
    return this.#raw.descriptor
  }

  watch(start: number, length: number, _protection: number, notifyWrites: boolean): void {
    this.#notifiesWrites ||= notifyWrites
    const mode = UFFD_MODE.MISSING | UFFD_MODE.MINOR | (notifyWrites ? UFFD_MODE.WP : 0)
    this.#raw.register(BigInt(start), length, mode, true)
  }

  /** The kernel knows by itself. */
  setProtection(): void {}

  unwatch(start: number, length: number): void {
    try {
      this.#raw.unregister(BigInt(start), length)
    } catch {
      // Nothing is there any more, and who waited there has to look for himself.
      this.#raw.wake(start, length)
    }
  }

  take(milliseconds: number): number {
    const read = milliseconds > 0 ? this.#raw.wait(this.#messages, milliseconds) : this.#raw.read(this.#messages)
    if (read <= 0) return 0
    let faults = 0
    for (let index = 0; index < read / MESSAGE; index++) {
      if (this.#messages[index * MESSAGE] !== EVENT_PAGEFAULT) continue
      if (faults < index) this.#messages.copyWithin(faults * MESSAGE, index * MESSAGE, (index + 1) * MESSAGE)
      faults++
    }
    return faults
  }

  interrupt(): void {
    this.#raw.interrupt()
  }

  address(index: number): number {
    const address = this.#words[index * 8 + 5]! * 2 ** 32 + this.#words[index * 8 + 4]!
    return address - (address % this.#pageSize)
  }

  isWrite(index: number): boolean {
    return (this.#words[index * 8 + 2]! & UFFD_FAULT_FLAG.WRITE) !== 0
  }

  isFirstWrite(index: number): boolean {
    return (this.#words[index * 8 + 2]! & UFFD_FAULT_FLAG.WP) !== 0
  }

  put(start: number, bytes: Uint8Array, length: number, writable: boolean): number {
    const protect = writable ? 0 : UFFD_RESOLVE_MODE.WP
    const single = length <= STEP
    // Who waits for a longer one goes on when all is there: he would be faster than the copying, and fault again.
    const mode = single ? protect : protect | UFFD_RESOLVE_MODE.DONTWAKE
    let at = 0
    for (let patience = PATIENCE; at < length; ) {
      const code = this.#raw.copyOwn(start + at, bytes, at, Math.min(STEP, length - at), mode)
      at += this.#raw.done
      if (code !== 0 && (code !== EAGAIN || patience-- === 0)) break
    }
    if (!single && at > 0) this.#raw.wake(start, at)
    return at
  }

  show(start: number, length: number, writable: boolean): number {
    const mode = writable ? 0 : UFFD_RESOLVE_MODE.WP
    let at = start
    const end = start + length
    let asleep = false
    for (let patience = PATIENCE; at < end; ) {
      const code = this.#raw.continueOwn(at, end - at, mode)
      at += code === 0 ? end - at : this.#raw.done
      if (code === 0 || this.#raw.done > 0) continue
      asleep = true
      if (code === EEXIST) {
        if (writable && this.#notifiesWrites) this.#raw.writeprotect(at, this.#pageSize, 0)
        at += this.#pageSize
      } else if (code === ENOENT && end - at > this.#pageSize) {
        // It runs past the end of an area: what lies there has been changed one page at a time.
        const one = this.show(at, this.#pageSize, writable)
        if (one !== 0) return this.#stopped(start, at, one)
        at += this.#pageSize
      } else if (code !== EAGAIN || patience-- === 0) {
        return this.#stopped(start, at, code)
      }
    }
    if (asleep) this.#raw.wake(start, length)
    return 0
  }

  hide(start: number, length: number): number {
    const end = start + length
    for (let at = start; at < end; ) {
      const code = this.#raw.hideOwn(at, end - at)
      // What was unmapped meanwhile is in nobody's view.
      if (code === ENOENT) at += this.#pageSize
      else if (code === 0) at += this.#raw.done
      else return code
    }
    return 0
  }

  fail(start: number, length: number): number {
    let first = 0
    for (let at = start; at < start + length; at += this.#pageSize) {
      const code = this.#poison(at)
      first ||= code
    }
    this.#raw.wake(start, length)
    return first
  }

  mapOver(
    start: number,
    length: number,
    protection: number,
    flags: number,
    descriptor: number,
    offset: number,
  ): number {
    return this.#raw.mapOverOwn(start, length, protection, flags, descriptor, offset)
  }

  protectOver(start: number, length: number, protection: number): number {
    return this.#raw.protectOwn(start, length, protection)
  }

  wake(start: number, length: number): void {
    this.#raw.wake(start, length)
  }

  close(): void {
    this.#raw.close()
  }

  // Poison goes only where nothing is at all: neither a page, nor the mark of one that was write-protected.
  #poison(page: number): number {
    let code = this.#raw.poisonOwn(page, this.#pageSize, UFFD_RESOLVE_MODE.DONTWAKE)
    for (let patience = PATIENCE; code === EAGAIN && patience > 0; patience--) {
      code = this.#raw.poisonOwn(page, this.#pageSize, UFFD_RESOLVE_MODE.DONTWAKE)
    }
    if (code !== EEXIST) return code
    // A page that came meanwhile may be a private copy by now; poison is there already. Who waits finds either.
    if (this.#entries.isThere(page) && !this.#entries.isWriteProtected(page)) return 0
    if (this.#notifiesWrites) this.#raw.writeprotect(page, this.#pageSize, UFFD_RESOLVE_MODE.WRITEPROTECT_DONTWAKE)
    this.hide(page, this.#pageSize)
    return this.#raw.poisonOwn(page, this.#pageSize, UFFD_RESOLVE_MODE.DONTWAKE)
  }

  // Who waits at what was there already has not been woken by showing it.
  #stopped(start: number, end: number, code: number): number {
    if (end > start) this.#raw.wake(start, end - start)
    return code
  }
}
