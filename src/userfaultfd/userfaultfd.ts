import type { Kernel } from '../kernel/kernel.js'
import type { RawUserfaultfd } from '../kernel/raw-userfaultfd.js'
import type { ReceiveOptions } from '../kernel/userfaultfd-calls.js'
import { UFFD_FAULT_FLAG } from '../vocabulary/uffd-fault-flag.js'
import { UFFD_FEATURE, type UffdFeature } from '../vocabulary/uffd-feature.js'
import { UFFD_IOCTL, type UffdIoctl } from '../vocabulary/uffd-ioctl.js'
import type { UffdMode } from '../vocabulary/uffd-mode.js'
import { UFFD_RESOLVE_MODE } from '../vocabulary/uffd-resolve-mode.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { VmError } from '../vocabulary/vm-error.js'
import { decodeEvent } from './decode-event.js'
import { EventQueue } from './event-queue.js'
import { giveUpPage } from './give-up-page.js'
import { modeBits } from './mode-bits.js'
import { NamedBits } from './named-bits.js'
import { negotiateFeatures, probeUserfaultfd, type UserfaultfdSupport } from './negotiate-features.js'
import { openUserfaultfd, type UserfaultfdRefusal } from './open-userfaultfd.js'
import { resolveError } from './resolve-error.js'
import type { PagefaultEvent, UffdEvent } from './uffd-event.js'
import { UffdMessages } from './uffd-messages.js'
import type { Unanswered } from './unanswered-fault.js'
import type { UserfaultfdOptions, UserfaultfdWay } from './userfaultfd-options.js'

const EINTR = -4
const EAGAIN = -11
const EEXIST = -17
// A wait that lasts is a chain of short ones, so that a Worker that waits can be terminated.
const LONGEST_WAIT = 100

/** An address. A number, exact below 2^53, spares a loop the bigint. */
export type UffdAddress = bigint | number

/** How a page is installed. */
export interface InstallOptions {
  /** Wakes who waits for it. @defaultValue true */
  readonly wake?: boolean
  /** The page is write-protected from the start, with nobody in between. Wants a range that is registered for `wp`. */
  readonly writeProtect?: boolean
}

/** What came with a userfaultfd that another process sent. */
export interface ReceivedUserfaultfd {
  readonly userfaultfd: Userfaultfd
  readonly message: Uint8Array
  /** Further descriptors that came along: they are the caller's to close. */
  readonly descriptors: readonly number[]
  /** The process at the other end, or 0 where that is not known. */
  readonly pid: number
}

/**
 * A userfaultfd: whoever holds it answers the page faults of the memory that is registered with it, while the thread that took the
 * fault waits. userfaultfd(2), ioctl_userfaultfd(2).
 *
 * @remarks Invariant: while any handle of the userfaultfd is open, a missing page of a registered range waits and is never zero by
 * accident. When the last handle goes, by `close`, by dispose, by being collected, or with its thread, what was not served is
 * poisoned: an access fails (`MemoryFault`), and other pages go on. Only `close({ missing: 'zero' })` and `unregister` turn missing
 * pages into zeros.
 *
 * The operations that answer faults fill only pages that were never there, or were dropped; what is there is not changed (`EEXIST`).
 * All of them return the bytes done when all is done, and throw `VmError` otherwise, whose `done` says how far they came and whose
 * `code` is the reason for stopping there.
 *
 * A fault can't be answered by the thread that took it. Serve on another thread: give a Worker the descriptor of a clone
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
  readonly #kernel: Kernel
  readonly #raw: RawUserfaultfd
  readonly #queue: EventQueue
  #moved = false

  /** The way this one came; `undefined` where it was made elsewhere. */
  readonly way: UserfaultfdWay | undefined
  /** The ways that were refused before. */
  readonly refusals: readonly UserfaultfdRefusal[]

  private constructor(
    kernel: Kernel,
    raw: RawUserfaultfd,
    way?: UserfaultfdWay,
    refusals: readonly UserfaultfdRefusal[] = [],
  ) {
    this.#kernel = kernel
    this.#raw = raw
    this.#queue = new EventQueue(raw, kernel.pageSize, (messages, index) => this.#decode(messages, index))
    this.way = way
    this.refusals = refusals
  }

  /**
   * Makes one: from `/dev/userfaultfd`, else with the system call, else for faults of the program alone. It is close-on-exec and
   * waits for nobody when it is read.
   *
   * Where all ways are refused, the error says what each of them answered and what would help.
   */
  static create(kernel: Kernel, options: UserfaultfdOptions = {}): Userfaultfd {
    const features = negotiateFeatures(kernel.userfaultfds, options)
    const { raw, way, refusals } = openUserfaultfd(kernel.userfaultfds, options.userModeOnly)
    try {
      raw.api(features)
      if (options.whenServerEnds === 'wait') raw.keepWaiting?.()
    } catch (error) {
      raw.close('zero')
      throw explainApi(error, features)
    }
    return new Userfaultfd(kernel, raw, way, refusals)
  }

  /** What userfaultfds can do here, asked on one that is thrown away. */
  static support(kernel: Kernel, options: { userModeOnly?: boolean } = {}): UserfaultfdSupport {
    return probeUserfaultfd(kernel.userfaultfds, options.userModeOnly)
  }

  /**
   * Takes over a descriptor, which is this object's to close from now on. Its `UFFDIO_API` must be done.
   *
   * One that would wait when it is read is refused, unless `setNonblocking` changes that, for all who share it.
   */
  static fromRawDescriptor(
    kernel: Kernel,
    descriptor: number,
    options: { setNonblocking?: boolean; whenServerEnds?: 'poison' | 'wait' } = {},
  ): Userfaultfd {
    if (!Number.isInteger(descriptor) || descriptor < 0) {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        `a descriptor is a number from 0 on; this is ${String(descriptor)}`,
      )
    }
    if (options.setNonblocking === true) kernel.userfaultfds.setNonblocking?.(descriptor)
    const raw = kernel.userfaultfds.adoptUserfaultfd(descriptor)
    if (options.whenServerEnds === 'wait') raw.keepWaiting?.()
    return new Userfaultfd(kernel, raw)
  }

  /**
   * Takes one that another process sends over a Unix socket (`SCM_RIGHTS`), with the message that comes along. Listens at the path for
   * one connection, or with `connect` goes to who listens there. A path that begins with `@` is in the abstract namespace.
   *
   * What the other process had registered by then is registered here as well, which changes nothing there, so that its pages do not become
   * zeros when this process loses the userfaultfd. That needs the right to look into the process. Without it, register the ranges: until
   * then, closing the userfaultfd holds it open, and who waits for a page goes on waiting. It takes one connection.
   */
  static async receive(kernel: Kernel, socketPath: string, options: ReceiveOptions = {}): Promise<ReceivedUserfaultfd> {
    const { receive } = kernel.userfaultfds
    if (receive === undefined) throw unsupported(kernel, 'descriptors can not be sent between processes')
    const { raw, ...rest } = await receive.call(kernel.userfaultfds, socketPath, options)
    return { userfaultfd: new Userfaultfd(kernel, raw), ...rest }
  }

  /** The features that are on. */
  get features(): NamedBits<UffdFeature> {
    return new NamedBits(UFFD_FEATURE, this.#raw.features)
  }

  /** Only faults of the program are caught: a system call on a missing page fails with `EFAULT`. `undefined` where that is not known. */
  get userModeOnly(): boolean | undefined {
    return this.way === undefined ? undefined : this.way === 'user-mode-only'
  }

  /** Not closed and not given away. */
  get open(): boolean {
    return this.#raw.descriptor !== -1
  }

  /**
   * Catches the faults of `[address, address + length)`, whole pages; a hole in the range is passed over. Registering again replaces
   * the modes, unless all of them are on already: to take one away, unregister first. Returns the ioctls that the kernel lists for the range. (It lists `move` for shared memory, and refuses it there.)
   *
   * `missing` wants anonymous or shared memory, or huge pages; `minor` shared memory or huge pages; `wp` with the feature `wp_async`
   * takes any memory. Fails with `EBUSY` where another userfaultfd has a part, `EPERM` where the memory may never be written, `EINVAL`
   * where nothing is mapped or the kind is wrong.
   */
  register(
    address: bigint,
    length: number,
    modes: readonly UffdMode[] | UffdMode | number = ['missing'],
  ): NamedBits<UffdIoctl> {
    const bits = modeBits(typeof modes === 'string' ? [modes] : modes)
    return new NamedBits(
      UFFD_IOCTL,
      this.#explained('UFFDIO_REGISTER', address, length, () => this.#raw.register(address, length, bits)),
    )
  }

  /**
   * Stops catching the faults of a range and wakes who waits there. **A page that is missing then reads as zeros.**
   * To end without that, close with poison, or fill the pages first.
   */
  unregister(address: bigint, length: number): void {
    this.#explained('UFFDIO_UNREGISTER', address, length, () => this.#raw.unregister(address, length))
    this.#queue.answered(address, length)
  }

  /** Installs pages with the bytes of `data`, of which there must be at least `length`. Returns the bytes done. */
  copy(address: UffdAddress, length: number, data: Uint8Array, wake: boolean | InstallOptions = true): number {
    if (data.length < length) throw tooFewBytes(address, length, data)
    const mode = installMode(wake)
    const code = this.#raw.copy(address, data, length, mode)
    if (code === 0) return this.#finished(address, length, mode)
    return this.#copyRest(address, length, data, mode, code)
  }

  /** Installs pages of zeros. Not for huge pages. */
  zero(address: UffdAddress, length: number, wake = true): number {
    const mode = wake ? 0 : UFFD_RESOLVE_MODE.DONTWAKE
    const code = this.#raw.zeropage(address, length, mode)
    if (code === 0) return this.#finished(address, length, mode)
    return this.#rest('zeropage', 'UFFDIO_ZEROPAGE', address, length, mode, code)
  }

  /** Answers minor faults: maps the pages that the page cache has. Wants a range that is registered for `minor`. */
  continue(address: UffdAddress, length: number, wake: boolean | InstallOptions = true): number {
    const mode = installMode(wake)
    const code = this.#raw.continue(address, length, mode)
    if (code === 0) return this.#finished(address, length, mode)
    return this.#rest('continue', 'UFFDIO_CONTINUE', address, length, mode, code)
  }

  /** Makes every access to pages that are missing fail: SIGBUS, `MemoryFault`. A later `copy` mends them. */
  poison(address: UffdAddress, length: number, wake = true): number {
    const mode = wake ? 0 : UFFD_RESOLVE_MODE.DONTWAKE
    const code = this.#raw.poison(address, length, mode)
    if (code === 0) return this.#finished(address, length, mode)
    return this.#rest('poison', 'UFFDIO_POISON', address, length, mode, code)
  }

  /**
   * Moves pages of private anonymous memory, without copying, from `source` to missing pages of a registered range. Who touches the
   * source afterwards finds it missing: where that is registered as well, it waits, and no write is lost.
   *
   * `EBUSY` where a page is shared, as after a fork, or pinned; `ENOENT` where the source has a hole, unless those are allowed.
   */
  move(
    destination: UffdAddress,
    source: UffdAddress,
    length: number,
    options: { wake?: boolean; allowSourceHoles?: boolean } = {},
  ): number {
    const mode =
      (options.wake === false ? UFFD_RESOLVE_MODE.DONTWAKE : 0) |
      (options.allowSourceHoles === true ? UFFD_RESOLVE_MODE.ALLOW_SRC_HOLES : 0)
    const code = this.#raw.move(destination, source, length, mode)
    if (code === 0) return this.#finished(destination, length, mode)
    return this.#moveRest(destination, source, length, mode, code)
  }

  /**
   * Write-protects a range, or lifts that and wakes who waits to write. Nothing is protected where no page is, unless the feature
   * `wp_unpopulated` is on or the memory is shared. Wants a range that is registered for `wp`.
   */
  writeProtect(address: UffdAddress, length: number, protect = true, wake = true): number {
    const mode = protect ? UFFD_RESOLVE_MODE.WRITEPROTECT_WP : wake ? 0 : UFFD_RESOLVE_MODE.WRITEPROTECT_DONTWAKE
    const code = this.#raw.writeprotect(address, length, mode)
    if (code !== 0) throw this.#error(code, 'UFFDIO_WRITEPROTECT', address, length, 0)
    return this.#finished(address, length, mode)
  }

  /** Wakes who waits in the range. Where the page is still missing, its thread faults again. */
  wake(address: UffdAddress, length: number): number {
    const code = this.#raw.wake(address, length)
    if (code !== 0) throw this.#error(code, 'UFFDIO_WAKE', address, length, 0)
    return this.#finished(address, length, 0)
  }

  /**
   * The runs that were written since the range was write-protected, with the feature `wp_async`, where the kernel keeps account by
   * itself. `reset` protects what it tells in the same step, so that no write is missed. Of this process's memory.
   */
  written(address: bigint, length: number, options: { reset?: boolean } = {}): { start: bigint; end: bigint }[] {
    this.#checkHeld()
    if (this.#raw.written === undefined) throw unsupported(this.#kernel, 'it keeps no account of writes')
    return this.#raw.written(address, address + BigInt(length), options.reset === true)
  }

  /** The next event, or `undefined` at once where there is none. Raw: in the kernel's order, which has faults before events. */
  readEvent(): UffdEvent | undefined {
    const queued = this.#queue.take()
    if (queued !== undefined) return queued
    this.#checkNonblocking()
    const length = this.#raw.read(single.bytes)
    if (length === EAGAIN || length === 0) return undefined
    if (length < 0) throw this.#readError(length)
    return this.#decode(single, 0)
  }

  /**
   * Reads as many messages as there are and fit, and returns how many, 0 at once where there are none. Raw, and without an object an
   * event. The descriptor that a fork's message has is the caller's.
   */
  readEvents(messages: UffdMessages): number {
    this.#checkNonblocking()
    this.#refuseQueued()
    const length = this.#raw.read(messages.bytes)
    if (length >= 0) return length / 32
    if (length === EAGAIN) return 0
    throw this.#readError(length)
  }

  /**
   * `readEvents`, which stops the calling thread until there is something to read: for a Worker that does nothing but serve faults.
   * Returns 0 when the time is over or another handle called `interrupt`. A Worker that waits here can be terminated.
   *
   * @param timeout in milliseconds
   */
  waitEvents(messages: UffdMessages, timeout: number = Number.POSITIVE_INFINITY): number {
    this.#checkNonblocking()
    this.#refuseQueued()
    return timeout <= LONGEST_WAIT
      ? this.#waited(this.#wait(messages, Math.max(0, Math.ceil(timeout))))
      : this.#waitLong(messages, timeout)
  }

  #waitLong(messages: UffdMessages, timeout: number): number {
    const end = performance.now() + timeout
    for (let rest = timeout; rest > 0; rest = end - performance.now()) {
      const length = this.#wait(messages, Math.min(LONGEST_WAIT, Math.ceil(rest)))
      if (length !== 0) return this.#waited(length)
    }
    return 0
  }

  #wait(messages: UffdMessages, timeout: number): number {
    const raw = this.#raw
    if (raw.wait === undefined) throw unsupported(this.#kernel, 'its threads can not wait')
    return raw.wait(messages.bytes, timeout)
  }

  /** Ends `waitEvents` on every handle of this userfaultfd, on whatever thread; on one that does not wait now, its next one. */
  interrupt(): void {
    this.#checkHeld()
    this.#raw.interrupt?.()
  }

  /**
   * The events in the order in which they must be applied: all that is queued is read, layout events come first, then faults, each page
   * once. Who waits in a range that was unmapped or moved is woken.
   *
   * A fault whose answer, through this object, threw `EAGAIN` comes again, so that error can be passed over. When the loop ends, what it
   * did not give stays for the next. Ends when the userfaultfd is closed; throws the signal's reason.
   */
  async *events(options: { signal?: AbortSignal } = {}): AsyncGenerator<UffdEvent, void, void> {
    this.#checkNonblocking()
    yield* this.#queue.events(options.signal)
  }

  [Symbol.asyncIterator](): AsyncGenerator<UffdEvent, void, void> {
    return this.events()
  }

  /**
   * Calls `handler` for each event of `events`, one after the other, until the signal aborts or the userfaultfd is closed.
   *
   * An answer that meets `EAGAIN` comes again; one that finds the page there wakes who waits for it. Where the handler throws anything
   * else, nobody is left waiting: the page is poisoned, then `onError` is called, or the error is thrown on.
   */
  async serve(
    handler: (event: UffdEvent) => void | Promise<void>,
    options: { signal?: AbortSignal; onError?: (error: unknown, event: UffdEvent) => void } = {},
  ): Promise<void> {
    for await (const event of this.events(options)) {
      try {
        await handler(event)
      } catch (error) {
        if (event.kind === 'pagefault' && this.#forgivable(error, event)) continue
        if (event.kind === 'pagefault') this.#giveUp(event)
        if (options.onError === undefined) throw error
        options.onError(error, event)
      }
    }
  }

  /** Who waits for an answer, where and for how long, so that a program that is stuck can be understood. `pid`: whose threads to look at. */
  unanswered(pid?: number): Unanswered {
    this.#checkHeld()
    if (this.#raw.unanswered === undefined) throw unsupported(this.#kernel, 'it keeps no such record')
    const { read, ...rest } = this.#raw.unanswered(pid)
    return {
      ...rest,
      read: read
        .map(({ address, flags, threadId, waited }) => ({
          address,
          fault:
            flags & UFFD_FAULT_FLAG.WP
              ? ('wp' as const)
              : flags & UFFD_FAULT_FLAG.MINOR
                ? ('minor' as const)
                : ('missing' as const),
          write: (flags & UFFD_FAULT_FLAG.WRITE) !== 0,
          threadId: threadId || undefined,
          waited,
        }))
        .sort((one, other) => other.waited - one.waited),
    }
  }

  /** Another handle on the same userfaultfd. Each is closed by itself. */
  tryClone(): Userfaultfd {
    this.#checkHeld()
    return new Userfaultfd(this.#kernel, this.#raw.clone(), this.way, this.refusals)
  }

  /** The descriptor's number. It stays this object's; -1 once closed. */
  asRawDescriptor(): number {
    this.#raw.expose?.()
    return this.#raw.descriptor
  }

  /** Gives the descriptor away, open: to another thread's `fromRawDescriptor`. This object is moved. */
  intoRawDescriptor(): number {
    this.#checkHeld()
    const descriptor = this.#raw.intoDescriptor()
    this.#moved = true
    return descriptor
  }

  /**
   * Sends it to another process over a Unix socket, with a message. It stays open here as well, and when the last handle is closed here
   * the addon goes on holding it: should the other process die, threads wait, and do not read zeros.
   */
  async send(
    socketPath: string,
    options: {
      message?: Uint8Array | string
      descriptors?: readonly number[]
      listen?: boolean
      signal?: AbortSignal
    } = {},
  ): Promise<void> {
    this.#checkHeld()
    const { send } = this.#kernel.userfaultfds
    if (send === undefined) throw unsupported(this.#kernel, 'descriptors can not be sent between processes')
    if (!this.open) throw new VmError('EBADF', 'sendmsg', { hint: 'the userfaultfd is closed' })
    const { message = '\n', ...rest } = options
    const bytes = typeof message === 'string' ? new TextEncoder().encode(message) : message
    if (bytes.length === 0) {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        'a descriptor needs a message of at least one byte to travel with',
      )
    }
    await send.call(this.#kernel.userfaultfds, this.#raw, socketPath, { ...rest, message: bytes })
  }

  /**
   * Closes this handle; doing it again does nothing. With the last handle of the userfaultfd, `missing` says what becomes of the pages of
   * registered ranges that were not served: `poison` makes an access to one fail, `zero` lets it read zeros. Who waits is woken.
   *
   * @defaultValue 'poison'
   */
  close(options: { missing?: 'poison' | 'zero' } = {}): void {
    const { missing = 'poison' } = options
    if (missing !== 'poison' && missing !== 'zero') {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        `missing pages become 'poison' or 'zero', not ${String(missing)}`,
      )
    }
    if (!this.#moved) this.#raw.close(missing)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    if (this.#moved) return 'Userfaultfd { moved }'
    if (!this.open) return 'Userfaultfd { closed }'
    const names = [...this.features].join(' ') || 'none'
    return `Userfaultfd { descriptor ${this.#raw.descriptor}, ${this.way ?? 'adopted'}, features: ${names} }`
  }

  // A resolving call that did all. Reports nothing where no iterator runs.
  #finished(address: UffdAddress, length: number, mode: number): number {
    // Asked first: handed to a function, an address that is a number may become an object.
    if ((mode & UFFD_RESOLVE_MODE.DONTWAKE) === 0 && this.#queue.expectsAnswers) {
      this.#queue.answered(BigInt(address), length)
    }
    return length
  }

  // The kernel says EAGAIN when it came a part of the way; only the next call, from there on, says why it stopped.
  #copyRest(address: UffdAddress, length: number, data: Uint8Array, mode: number, first: number): number {
    let done = this.#raw.done
    for (let code = first; code !== 0; done += this.#raw.done) {
      if (code !== EAGAIN || this.#raw.done === 0) throw this.#error(code, 'UFFDIO_COPY', address, length, done)
      code = this.#raw.copy(plus(address, done), data.subarray(done), length - done, mode)
    }
    return this.#finished(address, length, mode)
  }

  #rest(
    operation: 'zeropage' | 'continue' | 'poison',
    syscall: string,
    address: UffdAddress,
    length: number,
    mode: number,
    first: number,
  ): number {
    let done = this.#raw.done
    for (let code = first; code !== 0; done += this.#raw.done) {
      if (code !== EAGAIN || this.#raw.done === 0) throw this.#error(code, syscall, address, length, done)
      code = this.#raw[operation](plus(address, done), length - done, mode)
    }
    return this.#finished(address, length, mode)
  }

  #moveRest(destination: UffdAddress, source: UffdAddress, length: number, mode: number, first: number): number {
    let done = this.#raw.done
    for (let code = first; code !== 0; done += this.#raw.done) {
      if (code !== EAGAIN || this.#raw.done === 0) throw this.#error(code, 'UFFDIO_MOVE', destination, length, done)
      code = this.#raw.move(plus(destination, done), plus(source, done), length - done, mode)
    }
    return this.#finished(destination, length, mode)
  }

  #error(code: number, syscall: string, address: UffdAddress, length: number, done: number): Error {
    if (this.#moved) return moved()
    if (code === EAGAIN) this.#queue.park(BigInt(address) + BigInt(done), length - done)
    return resolveError(code, syscall, { address, length, done, pageSize: this.#kernel.pageSize })
  }

  #explained<T>(syscall: string, address: bigint, length: number, call: () => T): T {
    this.#checkHeld()
    try {
      return call()
    } catch (error) {
      if (!(error instanceof VmError)) throw error
      throw resolveError(error.errno, syscall, { address, length, pageSize: this.#kernel.pageSize, cause: error })
    }
  }

  #decode(messages: UffdMessages, index: number): UffdEvent {
    return decodeEvent(messages, index, (descriptor) => {
      const raw = this.#kernel.userfaultfds.adoptUserfaultfd(descriptor, this.#raw)
      return new Userfaultfd(this.#kernel, raw)
    })
  }

  #forgivable(error: unknown, { address }: PagefaultEvent): boolean {
    if (!(error instanceof VmError)) return false
    if (error.errno === EAGAIN) return true // The queue has it already.
    if (error.errno !== EEXIST) return false
    // The answer knows the size of the page, which the fault does not tell.
    const { address: start, length } = error
    if (start !== undefined && length !== undefined && address >= start && address < start + BigInt(length)) {
      this.#raw.wake(start, length)
    } else {
      this.#raw.wake(address & -BigInt(this.#kernel.pageSize), this.#kernel.pageSize)
    }
    return true
  }

  #giveUp({ address, fault }: PagefaultEvent): void {
    const { pageSize } = this.#kernel
    if (fault === 'wp') this.#raw.wake(address & -BigInt(pageSize), pageSize)
    else giveUpPage(this.#raw, address, this.#kernel.pageSizes())
  }

  #waited(length: number): number {
    if (length >= 0) return length / 32
    if (length === EINTR) return 0
    throw this.#readError(length)
  }

  #readError(code: number): Error {
    if (this.#moved) return moved()
    return new VmError(code, 'read', this.open ? {} : { hint: 'the userfaultfd is closed' })
  }

  #refuseQueued(): void {
    if (this.#queue.waiting) throw someWereLeftBehind()
  }

  #checkNonblocking(): void {
    this.#checkHeld()
    if (!this.#raw.nonblocking && this.open) throw waitsWhenRead(this.#raw.descriptor)
  }

  #checkHeld(): void {
    if (this.#moved) throw moved()
  }
}

const single = new UffdMessages(1)

function installMode(wake: boolean | InstallOptions): number {
  if (typeof wake === 'boolean') return wake ? 0 : UFFD_RESOLVE_MODE.DONTWAKE
  return (
    (wake.wake === false ? UFFD_RESOLVE_MODE.DONTWAKE : 0) | (wake.writeProtect === true ? UFFD_RESOLVE_MODE.WP : 0)
  )
}

function plus(address: UffdAddress, offset: number): UffdAddress {
  return typeof address === 'number' ? address + offset : address + BigInt(offset)
}

// The errors of what a loop calls for each event are made apart: the smaller its parts are, the more of them the engine makes one piece
// of, in which an address is never an object.

function tooFewBytes(address: UffdAddress, length: number, data: Uint8Array): UsageError {
  return new UsageError(
    'ERR_VMAREA_OUT_OF_RANGE',
    `${length} bytes were asked for at ${String(address)} and the data has ${data.length}: give as many as the length says`,
  )
}

function someWereLeftBehind(): UsageError {
  return new UsageError(
    'ERR_VMAREA_WOULD_BLOCK',
    'an ended loop over events() left some behind: take them with readEvent() or another loop before reading raw messages',
  )
}

function waitsWhenRead(descriptor: number): UsageError {
  return new UsageError(
    'ERR_VMAREA_WOULD_BLOCK',
    `descriptor ${descriptor} waits when it is read, and can not be polled: adopt it with setNonblocking: true`,
  )
}

function moved(): UsageError {
  return new UsageError(
    'ERR_VMAREA_MOVED',
    'the descriptor was given away with intoRawDescriptor(): use who took it over',
  )
}

function unsupported(kernel: Kernel, why: string): UsageError {
  return new UsageError('ERR_VMAREA_UNSUPPORTED', `the ${kernel.kind} kernel can't do that: ${why}`)
}

function explainApi(error: unknown, features: bigint): unknown {
  if (!(error instanceof VmError)) return error
  const fork = error.code === 'EPERM' && (features & UFFD_FEATURE.EVENT_FORK) !== 0n
  return fork
    ? new VmError('EPERM', 'UFFDIO_API', {
        hint: 'event_fork needs CAP_SYS_PTRACE in the first user namespace',
        cause: error,
      })
    : error
}
