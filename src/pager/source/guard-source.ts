import { addon } from '../../linux/addon/addon.js'
import { check } from '../../linux/addon/check.js'
import { sharedResults } from '../../linux/addon/shared-results.js'
import { LinuxAddressSpace } from '../../linux/areas/linux-address-space.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { FaultQueue } from './fault-queue.js'
import type { FilePages } from './file-pages.js'

/** The most faults of one `take`. */
const MOST = 64
const [WRITE, FIRST_WRITE] = [1, 2]
/** The indices in the shared results at which the addon reads the range of a call. */
const [ADDRESS, OTHER, LENGTH] = [1, 2, 3]
const { EBADF } = ERRNO_RESULT

export interface GuardSourceOptions {
  /** How long an access waits for its page, in milliseconds, before it fails. `Infinity`, the default, is no limit. */
  readonly timeout?: number
  /** `false` hides pages by their permission alone, as on a kernel before 6.15. */
  readonly guardMarkers?: boolean
}

/**
 * Faults that the guard's SIGSEGV handler takes, for machines that refuse userfaultfd. The thread that makes the source serves it.
 *
 * Pages that are not shown have no permission, or a guard marker, and an access to one waits in the handler. Its limits:
 *
 * - A system call on a page that is not shown fails with `EFAULT`.
 * - `/proc/PID/maps` shows parts of a watched range without permission.
 * - Where the kernel supports no guard markers in maps of files (before 6.15), on locked memory, and where `notifyWrites` has made pages
 * writable, each run of pages in the same state is an area of its own. At the limit of areas all pages are hidden at once and fault again
 * when they are touched.
 * - Without guard markers, a debugger or a read of `/proc/PID/mem` that reads a missing page makes it a page of zeros.
 *
 * An access of the thread that serves would wait for itself and fails at once; so does every access when that thread has ended.
 */
export class GuardSource implements FaultQueue, FilePages {
  readonly name = 'guard'
  readonly showsHoles = true
  readonly coversOverlays = false
  readonly descriptor: number
  /** Whether guard markers hide pages, so that showing a page makes no area. */
  readonly usesGuardMarkers: boolean
  /** For `GuardSource.interrupt`, which any thread may call. */
  readonly id: number
  readonly #addon = addon()
  readonly #results = sharedResults().results
  readonly #faults = new Float64Array(2 * MOST)
  #addressSpace: LinuxAddressSpace | undefined

  constructor({ timeout = Number.POSITIVE_INFINITY, guardMarkers = true }: GuardSourceOptions = {}) {
    this.id = check(this.#addon.guardCreate(Number.isFinite(timeout) ? timeout : -1, guardMarkers), 'eventfd')
    this.descriptor = this.#results[0]!
    this.usesGuardMarkers = this.#results[1] === 1
  }

  /** Ends a `take` that waits in the source with that `id`, or the next one, on whatever thread it is. */
  static interrupt(id: number): void {
    addon().guardInterrupt(id)
  }

  /**
   * Sets whether another source is about to take over the memory of the one with that `id`: when that one is closed, its waiters and new
   * faults wait for the other, without a time limit. They fail when none is expected any more. Any thread may call it.
   */
  static expectServer(id: number, expected: boolean): void {
    addon().guardExpectServer(id, expected)
  }

  /**
   * The memory must be mapped without permission, so that no thread can have touched it, and in one area; or it was watched by a source
   * that has been closed or whose thread has ended, and is taken over: all of its pages are hidden then.
   */
  watch(start: number, length: number, protection: number, notifyWrites: boolean): void {
    this.#addressSpace ??= new LinuxAddressSpace('self')
    const area = this.#addressSpace.lookup(BigInt(start))
    if (area === undefined) throw new VmError('ENOMEM', 'watch', { address: BigInt(start), length })
    this.#range(start, length)
    this.#check(this.#addon.guardWatch(this.id, protection, notifyWrites, area.shared), 'watch', start, length)
  }

  /** The addon has recorded the growth. */
  grow(): void {}

  unmapped(start: number, length: number): void {
    this.unwatch(start, length)
  }

  /**
   * Always true: this source keeps no record of the pages that are write-protected. It reports a first write only where the page is
   * write-protected at that moment.
   */
  mayBeWriteProtected(): boolean {
    return true
  }

  setProtection(start: number, length: number, protection: number): void {
    this.#range(start, length)
    this.#check(this.#addon.guardSetProtection(this.id, protection), 'mprotect', start, length)
  }

  /** Hidden pages stay without permission: they may not be in the file. */
  unwatch(start: number, length: number): void {
    this.#range(start, length)
    this.#check(this.#addon.guardUnwatch(this.id), 'unwatch', start, length)
  }

  take(milliseconds: number): number {
    const count = this.#addon.guardTake(this.id, milliseconds, this.#faults)
    if (count < 0) this.#check(count, 'take', 0, 0)
    return count
  }

  interrupt(): void {
    this.#addon.guardInterrupt(this.id)
  }

  address(index: number): number {
    return this.#faults[2 * index]!
  }

  isWrite(index: number): boolean {
    return (this.#faults[2 * index + 1]! & WRITE) !== 0
  }

  isFirstWrite(index: number): boolean {
    return (this.#faults[2 * index + 1]! & FIRST_WRITE) !== 0
  }

  /** A thread waits in the guard's handler, where no signal makes it fault again. */
  threadId(): number {
    return 0
  }

  /** The guard can't install pages through a map. */
  put(): number {
    return 0
  }

  /** `writable` is used where first writes are reported; elsewhere the protection decides alone. */
  show(start: number, length: number, writable: boolean): number {
    this.#range(start, length)
    return this.#addon.guardShow(this.id, writable)
  }

  protect(start: number, length: number): number {
    return this.hide(start, length)
  }

  unprotect(start: number, length: number): number {
    return this.show(start, length, true)
  }

  /** Private copies of the program stay, and are visible again when the page is shown. */
  hide(start: number, length: number): number {
    this.#range(start, length)
    return this.#addon.guardHide(this.id)
  }

  /** Drops the content of hidden pages of private memory. */
  zap(start: number, length: number): number {
    this.#range(start, length)
    return this.#addon.guardZap(this.id)
  }

  /**
   * Gives content to hidden pages that have none, from `from` on in the bytes, shows them and wakes their waiters. `target` is where they may be
   * written: `start`, or the address of the same pages in a second map of their file. Returns how many bytes, or the error of the first
   * page, negative: `EEXIST` where it has content, `EBUSY` where an access to it has just failed and is contained.
   */
  fill(start: number, target: number, bytes: Uint8Array, from: number, length: number): number {
    this.#range(start, length)
    this.#results[OTHER] = from
    return this.#addon.guardFill(this.id, target, bytes)
  }

  fail(start: number, length: number): number {
    this.#range(start, length)
    return this.#addon.guardFail(this.id)
  }

  mapOver(
    start: number,
    length: number,
    protection: number,
    flags: number,
    descriptor: number,
    offset: number,
  ): number {
    this.#range(start, length)
    return this.#addon.guardMapOver(this.id, protection, flags, descriptor, offset)
  }

  /** `setProtection` has done it. */
  protectOver(): number {
    return 0
  }

  wake(start: number, length: number): void {
    this.#range(start, length)
    this.#addon.guardWake(this.id)
  }

  /** Fails the waiters, and each later touch of a page that is not shown. Closing again does nothing. */
  close(): void {
    this.#addon.guardClose(this.id)
    this.#addressSpace?.close()
    this.#addressSpace = undefined
  }

  #range(start: number, length: number): void {
    this.#results[ADDRESS] = start
    this.#results[LENGTH] = length
  }

  #check(answer: number, syscall: string, start: number, length: number): void {
    if (answer >= 0) return
    if (answer === EBADF) throw new UsageError('ERR_VMAREA_GUARD_RELEASED', 'the source of faults has been closed')
    throw new VmError(answer, syscall, { address: BigInt(start), length })
  }
}
