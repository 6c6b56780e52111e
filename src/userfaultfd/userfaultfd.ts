import type { Kernel } from '../kernel/kernel.js'
import type { RawUserfaultfd } from '../kernel/raw-userfaultfd.js'
import { belongsToItsThread } from '../vocabulary/errors/belongs-to-its-thread.js'
import { UFFD_FEATURE, type UffdFeature } from '../vocabulary/uffd-feature.js'
import { UFFD_IOCTL, type UffdIoctl } from '../vocabulary/uffd-ioctl.js'
import type { UffdMode } from '../vocabulary/uffd-mode.js'
import { checkCopy } from './check-copy.js'
import { checks } from './checks.js'
import { HeldUserfaultfd } from './held-userfaultfd.js'
import { type InstallOptions, installMode, type MoveOptions, moveMode, protectMode, wakeMode } from './install-mode.js'
import { MessageReader } from './message-reader.js'
import { modeBits } from './mode-bits.js'
import { NamedBits } from './named-bits.js'
import type { OpenedUserfaultfd, UserfaultfdRefusal } from './open-userfaultfd.js'
import { resolveRest } from './resolve-rest.js'
import { type SendOptions, sendUserfaultfd } from './send-userfaultfd.js'
import { serveEvents } from './serve-events.js'
import type { UffdAddress } from './uffd-address.js'
import type { UffdEvent } from './uffd-event.js'
import type { UffdMessages } from './uffd-messages.js'
import type { Unanswered } from './unanswered-fault.js'
import { unansweredFaults } from './unanswered-faults.js'
import type { UserfaultfdWay } from './userfaultfd-options.js'

/**
 * A userfaultfd. The program that holds it answers the page faults of the memory that is registered with it, while the thread that
 * faulted waits. userfaultfd(2), ioctl_userfaultfd(2).
 *
 * @remarks Invariant: while a handle of the userfaultfd is open, a missing page of a registered range makes its thread wait, and is never
 * zero by accident. When the last handle ends, by `close`, by dispose, by being collected, or with its thread, the pages that were not
 * served are poisoned: an access to one fails (`MemoryFault`), and other pages work. Only `close({ missing: 'zero' })` and `unregister`
 * turn missing pages into zeros.
 *
 * The operations that answer faults fill only pages that are missing (`EEXIST` otherwise). Each returns the bytes done when it did all, and
 * otherwise throws `VmError`, whose `done` is the bytes done before the error. Addresses and lengths are whole pages (`EINVAL`).
 *
 * The thread that faulted can't answer its own fault. Serve on another thread: give a Worker the descriptor of a clone
 * (`tryClone().intoRawDescriptor()`, and `fromRawDescriptor` there).
 *
 * ```ts
 * using uffd = Userfaultfd.create({ features: ['event_remove'] })
 * uffd.register(mapping.start, mapping.size)
 * for await (const event of uffd.events({ signal })) {
 *   if (event.kind === 'pagefault') uffd.copy(event.address, pageSize, page)
 * }
 * ```
 */
export class Userfaultfd {
  readonly #held: HeldUserfaultfd
  readonly #raw: RawUserfaultfd
  readonly #reader: MessageReader
  /** @internal Structured clone rejects an object that has a function. */
  protected readonly thread: () => string = belongsToItsThread

  /** How this one was opened; `undefined` where another program or thread opened it. */
  readonly way: UserfaultfdWay | undefined
  /** The ways that were tried before and refused. */
  readonly refusals: readonly UserfaultfdRefusal[]

  /** @internal Ask `BoundUserfaultfd` for one. */
  constructor(kernel: Kernel, raw: RawUserfaultfd, opened: Pick<OpenedUserfaultfd, 'way' | 'refusals'> | undefined) {
    this.#held = new HeldUserfaultfd(kernel, raw, (child) => new Userfaultfd(kernel, child, undefined))
    this.#raw = raw
    this.#reader = new MessageReader(this.#held)
    this.way = opened?.way
    this.refusals = opened?.refusals ?? []
  }

  /** The features that are on. */
  get features(): NamedBits<UffdFeature> {
    return new NamedBits(UFFD_FEATURE, this.#raw.features)
  }

  /** Only faults of the program are caught: a system call on a missing page fails with `EFAULT`. `undefined` where that is not known. */
  get userModeOnly(): boolean | undefined {
    return this.way === undefined ? undefined : this.way === 'user-mode-only'
  }

  /** Whether it is neither closed nor handed out. */
  get open(): boolean {
    return this.#held.open
  }

  /**
   * Catches the faults of `[address, address + length)`, and passes over holes in it. Registering a range again replaces its modes, unless
   * all of them are on already: to take one away, unregister first. (Linux 7.3 refuses modes without `wp` where it is on.) Returns the ioctls
   * that the kernel lists for the range. (It lists `move` for shared memory, and refuses it there.) `UFFDIO_REGISTER`.
   *
   * `missing` requires anonymous or shared memory, or huge pages; `minor` shared memory or huge pages; `wp` with the feature `wp_async`
   * takes any memory.
   *
   * @throws VmError `EBUSY` where another userfaultfd has a part of the range, or the kernel takes no `wp` away; `EPERM` where the memory may
   * never be written; `EINVAL` where nothing is mapped or the kind of memory does not fit the modes
   */
  register(
    address: bigint,
    length: number,
    modes: readonly UffdMode[] | UffdMode | number = ['missing'],
  ): NamedBits<UffdIoctl> {
    const bits = modeBits(typeof modes === 'string' ? [modes] : modes)
    return new NamedBits(
      UFFD_IOCTL,
      this.#held.explained('UFFDIO_REGISTER', address, length, () => this.#raw.register(address, length, bits)),
    )
  }

  /**
   * Stops catching the faults of a range and wakes its waiters. **A page that is missing then reads as zeros.** To avoid that, close with
   * poison, or fill the pages first. `UFFDIO_UNREGISTER`.
   *
   * @throws VmError `EINVAL` where this userfaultfd has nothing registered there
   */
  unregister(address: bigint, length: number): void {
    this.#held.explained('UFFDIO_UNREGISTER', address, length, () => this.#raw.unregister(address, length))
    this.#held.queue.answered(address, length)
  }

  /**
   * Installs pages with the first `length` bytes of `data`. `UFFDIO_COPY`.
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE` where `data` is shorter; VmError `EEXIST` where a page is there; `ENOENT` where the range
   * is not registered
   */
  copy(address: UffdAddress, length: number, data: Uint8Array, wake?: boolean | InstallOptions): number {
    const areNumbers = typeof address === 'number' && typeof length === 'number'
    if (!(areNumbers && data instanceof Uint8Array && data.length >= length)) checkCopy(address, length, data)
    // No call and no default value, which would copy all parameters: the engine compiles a small loop as one, and addresses stay numbers.
    const mode = wake === undefined || wake === true ? 0 : installMode(wake, 'copy()')
    const code = this.#raw.copy(address, data, length, mode)
    if (code !== 0) resolveRest.copy(this.#held, { address, length, mode, code }, data)
    return this.#held.finished(address, length, mode)
  }

  /** Installs pages of zeros; not for huge pages. `UFFDIO_ZEROPAGE`. @throws VmError as `copy` */
  zero(address: UffdAddress, length: number, wake = true): number {
    if (typeof address !== 'number' || typeof length !== 'number') checks.range('zero()', address, length)
    const mode = wake === true ? 0 : wakeMode(wake, 'zero()')
    const code = this.#raw.zeropage(address, length, mode)
    if (code !== 0) resolveRest.install(this.#held, { address, length, mode, code }, 'zeropage')
    return this.#held.finished(address, length, mode)
  }

  /**
   * Answers minor faults: maps pages of the page cache. Requires a range that is registered for `minor`. `UFFDIO_CONTINUE`.
   *
   * @throws VmError as `copy`, and `EFAULT` where the page cache has no page
   */
  continue(address: UffdAddress, length: number, wake: boolean | InstallOptions = true): number {
    if (typeof address !== 'number' || typeof length !== 'number') checks.range('continue()', address, length)
    const mode = wake === true ? 0 : installMode(wake, 'continue()')
    const code = this.#raw.continue(address, length, mode)
    if (code !== 0) resolveRest.install(this.#held, { address, length, mode, code }, 'continue')
    return this.#held.finished(address, length, mode)
  }

  /**
   * Makes every access to pages that are missing fail: SIGBUS, `MemoryFault`. A later `copy` replaces the poison. `UFFDIO_POISON`.
   *
   * @throws VmError as `copy`
   */
  poison(address: UffdAddress, length: number, wake = true): number {
    if (typeof address !== 'number' || typeof length !== 'number') checks.range('poison()', address, length)
    const mode = wake === true ? 0 : wakeMode(wake, 'poison()')
    const code = this.#raw.poison(address, length, mode)
    if (code !== 0) resolveRest.install(this.#held, { address, length, mode, code }, 'poison')
    return this.#held.finished(address, length, mode)
  }

  /**
   * Moves pages of private anonymous memory, without copying, from `source` to missing pages of a registered range. The pages are missing
   * at the source afterwards: where that is registered too, a thread that touches one waits, and no write is lost. `foreign` allows a source
   * that this library did not map, such as the engine's memory or a stack: the process may end. `UFFDIO_MOVE`.
   *
   * @throws VmError as `copy`; `EBUSY` where a page is shared, as after a fork, or pinned; `ENOENT` where the source has a hole, unless
   * `allowSourceHoles`; UsageError `ERR_VMAREA_FOREIGN_MEMORY`
   */
  move(destination: UffdAddress, source: UffdAddress, length: number, options: MoveOptions = {}): number {
    const mode = moveMode(this.#held, destination, source, length, options)
    const code = this.#raw.move(destination, source, length, mode)
    if (code !== 0) resolveRest.move(this.#held, { address: destination, length, mode, code }, source)
    return this.#held.finished(destination, length, mode)
  }

  /**
   * Write-protects a range, or lifts the protection and wakes the threads that wait to write. Protects no page that is missing, unless the
   * feature `wp_unpopulated` is on or the memory is shared. `UFFDIO_WRITEPROTECT`.
   *
   * @throws VmError `ENOENT` where the range is not registered for `wp`
   */
  writeProtect(address: UffdAddress, length: number, protect = true, wake = true): number {
    if (typeof address !== 'number' || typeof length !== 'number') checks.range('writeProtect()', address, length)
    const mode = protectMode(protect, wake)
    const code = this.#raw.writeprotect(address, length, mode)
    if (code !== 0) throw this.#held.error(code, 'UFFDIO_WRITEPROTECT', address, length, 0)
    return this.#held.finished(address, length, mode)
  }

  /** Wakes the waiters of a range. Where the page is still missing, its thread faults again. `UFFDIO_WAKE`. @throws VmError `EINVAL` */
  wake(address: UffdAddress, length: number): number {
    if (typeof address !== 'number' || typeof length !== 'number') checks.range('wake()', address, length)
    const code = this.#raw.wake(address, length)
    if (code !== 0) throw this.#held.error(code, 'UFFDIO_WAKE', address, length, 0)
    return this.#held.finished(address, length, 0)
  }

  /**
   * The runs of this process's memory that were written since they were write-protected with the feature `wp_async`, under which the kernel
   * keeps that record alone. `reset` protects in the same step what it returns, so that no write is missed. `PAGEMAP_SCAN`.
   *
   * @throws UsageError `ERR_VMAREA_UNSUPPORTED` on a kernel without such a record, `ERR_VMAREA_INVALID_ARGUMENT` for what is no range
   */
  written(address: bigint, length: number, options: { reset?: boolean } = {}): { start: bigint; end: bigint }[] {
    return this.#held.written(address, length, options)
  }

  /**
   * The next event, or `undefined` at once where there is none, in the kernel's own order: faults before events.
   *
   * @throws UsageError `ERR_VMAREA_WOULD_BLOCK` where the descriptor blocks; VmError `EBADF` once it is closed
   */
  readEvent(): UffdEvent | undefined {
    return this.#reader.event()
  }

  /**
   * Reads as many messages as there are and fit, without an object for each, and returns how many: 0 at once where there are none. The
   * descriptor in a fork's message belongs to the caller.
   *
   * @throws UsageError as `readEvent`, and where an ended loop over `events()` left events behind
   */
  readEvents(messages: UffdMessages): number {
    return this.#reader.messages(messages)
  }

  /**
   * As `readEvents`, and stops the thread until there is a message: for a Worker that only serves faults, which can be terminated
   * meanwhile. Returns 0 after `timeout` milliseconds, or when another handle called `interrupt`.
   *
   * @throws UsageError as `readEvents`
   */
  waitEvents(messages: UffdMessages, timeout: number = Number.POSITIVE_INFINITY): number {
    return this.#reader.wait(messages, timeout)
  }

  /** Ends `waitEvents` on every handle of this userfaultfd, on any thread; where a handle does not wait now, its next `waitEvents`. */
  interrupt(): void {
    this.#held.checkHeld()
    this.#raw.interrupt?.()
  }

  /**
   * The events in the order in which they must be applied: all that is queued is read, layout events come first, then faults, each page
   * once. Waiters in a range that was unmapped or moved are woken.
   *
   * A fault whose answer, through this object, threw `EAGAIN` is yielded again, so the loop can ignore that error. Events that an ended
   * loop did not yield stay for the next one. Ends when the userfaultfd is closed.
   *
   * @throws the signal's reason when it aborts; UsageError `ERR_VMAREA_WOULD_BLOCK` where the descriptor blocks
   */
  async *events(options: { signal?: AbortSignal } = {}): AsyncGenerator<UffdEvent, void, void> {
    const { signal } = checks.events(options)
    this.#reader.checkNonblocking()
    yield* this.#held.queue.events(signal)
  }

  /** The events of `events()`, without a signal. */
  [Symbol.asyncIterator](): AsyncGenerator<UffdEvent, void, void> {
    return this.events()
  }

  /**
   * Calls `handler` for each event of `events`, one after the other, until the signal aborts or the userfaultfd is closed.
   *
   * A fault whose answer throws `EAGAIN` is passed to the handler again; one that throws `EEXIST` wakes the waiters of the page. Where the
   * handler throws another error, the page is poisoned, so that its waiters fail; then `onError` is called.
   *
   * @throws what the handler threw, where there is no `onError`; the signal's reason
   */
  async serve(
    handler: (event: UffdEvent) => void | Promise<void>,
    options: { signal?: AbortSignal; onError?: (error: unknown, event: UffdEvent) => void } = {},
  ): Promise<void> {
    const { signal, onError } = checks.serve(handler, options)
    await serveEvents(this.#held, this.events(signal === undefined ? {} : { signal }), handler, onError)
  }

  /**
   * The faults that wait for an answer, where and for how long: to understand a program that is stuck. `pid`: whose threads to look at.
   *
   * @throws UsageError `ERR_VMAREA_UNSUPPORTED` on a kernel without such a record
   */
  unanswered(pid?: number): Unanswered {
    return unansweredFaults(this.#held, pid)
  }

  /** Another handle on the same userfaultfd, to be closed separately. @throws VmError `EMFILE` */
  tryClone(): Userfaultfd {
    this.#held.checkHeld()
    return new Userfaultfd(this.#held.kernel, this.#raw.clone(), this.way && { way: this.way, refusals: this.refusals })
  }

  /** The descriptor's number, which stays this object's; -1 once closed. */
  asRawDescriptor(): number {
    this.#raw.expose?.()
    return this.#raw.descriptor
  }

  /** Hands out the open descriptor, for another thread's `fromRawDescriptor`. Moves this object. @throws UsageError `ERR_VMAREA_MOVED` */
  intoRawDescriptor(): number {
    return this.#held.intoDescriptor()
  }

  /**
   * Sends it to another process over a Unix socket (`SCM_RIGHTS`), with a message. It stays open here as well. When the last handle is
   * closed here, the addon keeps a descriptor: should the other process die, threads wait instead of reading zeros.
   *
   * @throws VmError `EBADF` once closed, or as connect(2) and sendmsg(2); UsageError where the message is empty
   */
  async send(socketPath: string, options: SendOptions = {}): Promise<void> {
    await sendUserfaultfd(this.#held, socketPath, options)
  }

  /**
   * Closes this handle; a second time does nothing. With the last handle of the userfaultfd, `missing` decides what becomes of pages of
   * registered ranges that were not served: `poison`, the default, makes an access to one fail, `zero` lets it read zeros. Waiters are woken.
   *
   * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` where `missing` is another value
   */
  close(options: { missing?: 'poison' | 'zero' } = {}): void {
    const { missing } = checks.close(options)
    if (!this.#held.moved) this.#raw.close(missing ?? 'poison')
  }

  /** Calls `close()`, for `using`: pages that were not served are poisoned. */
  [Symbol.dispose](): void {
    this.close()
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    if (this.#held.moved) return 'Userfaultfd { moved }'
    if (!this.open) return 'Userfaultfd { closed }'
    const names = [...this.features].join(' ') || 'none'
    return `Userfaultfd { descriptor ${this.#raw.descriptor}, ${this.way ?? 'adopted'}, features: ${names} }`
  }
}
