import { addon } from '../../linux/addon/addon.js'
import { check } from '../../linux/addon/check.js'
import { sharedResults } from '../../linux/addon/shared-results.js'
import { LinuxAddressSpace } from '../../linux/areas/linux-address-space.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { FaultQueue } from './fault-queue.js'
import type { FilePages } from './file-pages.js'

/** How many faults one `take` gives at most. */
const MOST = 64
const [WRITE, FIRST_WRITE] = [1, 2]
/** Where the addon looks for the range of a call, in the sharedResults's results. */
const [ADDRESS, LENGTH] = [1, 3]
const EBADF = -9

export interface GuardSourceOptions {
  /** How long an access waits for its page, in milliseconds: then it fails. `Infinity`, the default, waits for ever. */
  readonly timeout?: number
  /** `false` hides pages by their permission alone, as on a kernel before 6.15. */
  readonly guardMarkers?: boolean
}

/**
 * Faults that the guard's SIGSEGV handler takes: for where userfaultfd is refused. The thread that makes it serves it.
 *
 * Pages that are not shown have no permission, or a guard marker, and an access to one waits in the handler. What this way can't do:
 *
 * - A system call on a page that is not shown fails with `EFAULT`.
 * - `/proc/PID/maps` shows parts of a watched range without permission.
 * - Where the kernel puts no guard markers into maps of files (before 6.15), on locked memory, and where `notifyWrites` has let pages be
 *   written, each run of pages shown alike is an area of its own. At the limit of their number all pages are hidden at once and fault
 *   again as they are touched.
 * - Without guard markers, a debugger or a read of `/proc/PID/mem` that reads a page that is not there makes it a page of zeros.
 *
 * An access of the thread that serves would wait for itself and fails at once; so does every access when that thread has ended.
 */
export class GuardSource implements FaultQueue, FilePages {
  readonly name = 'guard'
  readonly showsHoles = true
  readonly coversOverlays = false
  readonly descriptor: number
  /** Whether pages are hidden by guard markers, so that showing them makes no areas. */
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
   * Whether another source is about to take over what the one with that `id` watches: its waiters and new faults, when it is closed, are left
   * to wait for it, for as long as ever. When none is expected any more they fail. Any thread may call it.
   */
  static expectServer(id: number, expected: boolean): void {
    addon().guardExpectServer(id, expected)
  }

  /**
   * The memory must be mapped without permission, so that no thread can have touched it, and in one area; or it was watched by a source that
   * has been closed or whose thread has ended, and is taken over: all of its pages are hidden then.
   */
  watch(start: number, length: number, protection: number, notifyWrites: boolean): void {
    this.#addressSpace ??= new LinuxAddressSpace('self')
    const area = this.#addressSpace.lookup(BigInt(start))
    if (area === undefined) throw new VmError('ENOMEM', 'watch', { address: BigInt(start), length })
    this.#range(start, length)
    this.#check(this.#addon.guardWatch(this.id, protection, notifyWrites, area.shared), 'watch', start, length)
  }

  /** The addon has seen it grow. */
  grow(): void {}

  unmapped(start: number, length: number): void {
    this.unwatch(start, length)
  }

  /** It keeps no account of it, and a fault is taken only while the page can't be written. */
  mayBeWriteProtected(): boolean {
    return true
  }

  setProtection(start: number, length: number, protection: number): void {
    this.#range(start, length)
    this.#check(this.#addon.guardSetProtection(this.id, protection), 'mprotect', start, length)
  }

  /** What was hidden stays without permission: its pages may not be there. */
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

  /** It has no such way. */
  put(): number {
    return 0
  }

  /** `writable` counts where first writes are reported, and elsewhere the protection alone. */
  show(start: number, length: number, writable: boolean): number {
    this.#range(start, length)
    return this.#addon.guardShow(this.id, writable)
  }

  /** Private copies that the program made by writing stay, and are seen again when the page is shown. */
  hide(start: number, length: number): number {
    this.#range(start, length)
    return this.#addon.guardHide(this.id)
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
