import type { LinuxUserfaultfd } from '../../linux/userfaultfd/linux-userfaultfd.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { UFFD_MODE } from '../../vocabulary/uffd-mode.js'
import { UFFD_RESOLVE_MODE } from '../../vocabulary/uffd-resolve-mode.js'
import type { FilePages } from './file-pages.js'
import { PageEntries } from './page-entries.js'

/** Attempts at a call that answers `EAGAIN`, because another thread changes the layout. */
const ATTEMPTS = 1000

/** Bytes that one call copies: the kernel holds an unmap off during a call. */
const STEP = 2 ** 18

/**
 * Pages of a memory file by `UFFDIO_COPY` and `UFFDIO_CONTINUE`: a page that was never installed is a missing fault, a hidden page is a
 * minor fault.
 */
export class UserfaultfdFilePages implements FilePages {
  readonly showsHoles = false
  readonly coversOverlays = true
  readonly #raw: LinuxUserfaultfd
  readonly #pageSize: number
  readonly #entries: PageEntries
  #notifiesWrites = false

  constructor(raw: LinuxUserfaultfd, pageSize: number) {
    this.#raw = raw
    this.#pageSize = pageSize
    this.#entries = new PageEntries(pageSize)
  }

  watch(start: number, length: number, _protection: number, notifyWrites: boolean): void {
    this.#notifiesWrites ||= notifyWrites
    const mode = UFFD_MODE.MISSING | UFFD_MODE.MINOR | (notifyWrites ? UFFD_MODE.WP : 0)
    this.#raw.register(BigInt(start), length, mode, true)
  }

  grow(start: number, length: number, protection: number, notifyWrites: boolean): void {
    this.watch(start, length, protection, notifyWrites)
  }

  /** The kernel itself tracks the change. */
  setProtection(): void {}

  unwatch(start: number, length: number): void {
    try {
      this.#raw.unregister(BigInt(start), length)
    } catch {
      // The range is already unmapped. Wake its waiters; they will fault again.
      this.#raw.wake(start, length)
    }
  }

  /** The kernel itself tracks the unmap. */
  unmapped(): void {}

  put(start: number, bytes: Uint8Array, length: number, writable: boolean): number {
    const protect = writable ? 0 : UFFD_RESOLVE_MODE.WP
    const single = length <= STEP
    // Wake waiters once, after the last chunk: a thread woken earlier would fault on a page that is not copied yet.
    const mode = single ? protect : protect | UFFD_RESOLVE_MODE.DONTWAKE
    let at = 0
    for (let attempts = ATTEMPTS; at < length; ) {
      const code = this.#raw.copyOwn(start + at, bytes, at, Math.min(STEP, length - at), mode)
      at += this.#raw.done
      if (code !== 0 && (code !== ERRNO_RESULT.EAGAIN || attempts-- === 0)) break
    }
    if (!single && at > 0) this.#raw.wake(start, at)
    return at
  }

  show(start: number, length: number, writable: boolean): number {
    const mode = writable ? 0 : UFFD_RESOLVE_MODE.WP
    let at = start
    const end = start + length
    let asleep = false
    for (let attempts = ATTEMPTS; at < end; ) {
      const code = this.#raw.continueOwn(at, end - at, mode)
      at += code === 0 ? end - at : this.#raw.done
      if (code === 0 || this.#raw.done > 0) continue
      asleep = true
      if (code === ERRNO_RESULT.EEXIST) {
        if (writable && this.#notifiesWrites) this.#raw.writeprotect(at, this.#pageSize, 0)
        at += this.#pageSize
      } else if (code === ERRNO_RESULT.ENOENT && end - at > this.#pageSize) {
        // The rest extends past the end of an area, and has to be shown one page at a time.
        const one = this.show(at, this.#pageSize, writable)
        if (one !== 0) return this.#stopped(start, at, one)
        at += this.#pageSize
      } else if (code !== ERRNO_RESULT.EAGAIN || attempts-- === 0) {
        return this.#stopped(start, at, code)
      }
    }
    if (asleep) this.#raw.wake(start, length)
    return 0
  }

  protect(start: number, length: number): number {
    for (let at = start, step = length, attempts = ATTEMPTS; at < start + length; ) {
      const code = this.#raw.writeprotect(at, step, UFFD_RESOLVE_MODE.WRITEPROTECT_WP)
      if (code === ERRNO_RESULT.EAGAIN && attempts-- > 0) continue
      // A part was unmapped: protect the rest one page at a time.
      if (code === ERRNO_RESULT.ENOENT && step > this.#pageSize) step = this.#pageSize
      else if (code === 0 || code === ERRNO_RESULT.ENOENT) at += step
      else return code
    }
    return 0
  }

  unprotect(start: number, length: number): number {
    return this.#raw.writeprotect(start, length, 0)
  }

  hide(start: number, length: number): number {
    const end = start + length
    for (let at = start; at < end; ) {
      const code = this.#raw.hideOwn(at, end - at)
      // A page that was unmapped meanwhile is hidden already.
      if (code === ERRNO_RESULT.ENOENT) at += this.#pageSize
      else if (code === 0) at += this.#raw.done
      else return code
    }
    return 0
  }

  mayBeWriteProtected(address: number): boolean {
    return this.#entries.isWriteProtected(address)
  }

  /** Whether an access of the page at the address finds a page or poison. */
  isThere(address: number): boolean {
    return this.#entries.isThere(address)
  }

  /**
   * Hides the page at the address for `UserfaultfdQueue.fail`. `false` where it is not write-protected: a page was installed meanwhile that
   * may be a private copy by now, or poison is there already, or the page is away because its poison was met. The waiters find either, or
   * fault again.
   */
  displace(page: number): boolean {
    if (!this.#entries.isWriteProtected(page)) return false
    this.#raw.writeprotect(page, this.#pageSize, UFFD_RESOLVE_MODE.WRITEPROTECT_DONTWAKE)
    this.hide(page, this.#pageSize)
    return true
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

  // Showing pages that were visible already wakes no waiters: wake them here.
  #stopped(start: number, end: number, code: number): number {
    if (end > start) this.#raw.wake(start, end - start)
    return code
  }
}
