import { setTimeout as sleep } from 'node:timers/promises'
import type {
  GuestHost,
  GuestRegion,
  KnownMemory,
  RawGuest,
  RawGuestListener,
  RawKeeper,
  RawPeer,
} from '../kernel/guest-host.js'
import { belongsToItsThread } from '../vocabulary/errors/belongs-to-its-thread.js'
import { checkOptions } from '../vocabulary/options/check-options.js'
import { textRule } from '../vocabulary/options/text-rule.js'
import { wholeNumber } from '../vocabulary/options/whole-number.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { VmError } from '../vocabulary/vm-error.js'
import { Guest, type ReceivedMemory } from './guest.js'
import { publishGuest } from './guest-channel.js'
import { type GuestState, isServedElsewhere, type KnownGuest, readGuestState, readGuestStates } from './guest-state.js'
import type { GuestsOptions } from './guests-options.js'
import { checkRegions } from './protocol/check-regions.js'
import { firecrackerDialect } from './protocol/firecracker-dialect.js'
import { receiveMessage } from './receive-message.js'
import type { GuestSource, OpenedSource } from './sources/guest-source.js'

const takeOverRules = {
  pid: wholeNumber('', 1, 2 ** 31 - 1),
  state: textRule('the path of a state'),
  regions: { each: 'a region { start, length, offset, pageSize } of numbers', element: isRegion },
} as const
const DIALECTS = [firecrackerDialect]

type CheckedOptions = Required<Omit<GuestsOptions, 'mode' | 'uid' | 'keeper' | 'state' | 'takeOver'>> & {
  readonly users: readonly number[]
}

/**
 * The guests whose monitors connect to one socket, as an async iterable. Each is to be served by the loop; several loops share them.
 *
 * @example
 * await using guests = await listenForGuests('/run/guests.sock')
 * for await (const guest of guests) await guest.serve(fileSource('/snapshots/7/memory'))
 */
export class Guests implements AsyncIterable<Guest> {
  readonly #host: GuestHost
  readonly #listener: RawGuestListener
  readonly #options: CheckedOptions
  readonly #keeper: RawKeeper | undefined
  readonly #state: GuestState | undefined
  readonly #closing = new AbortController()
  readonly #open = new Set<Guest>()
  /** Guests that were accepted, and that no loop has taken. */
  readonly #ready: Guest[] = []
  readonly #takers: (() => void)[] = []
  readonly #receiving = new Set<Promise<void>>()
  readonly #prepared: OpenedSource[] = []
  #failure: unknown
  /** @internal Structured clone rejects an object that has a function. */
  protected readonly thread: () => string = belongsToItsThread

  /** @internal */
  constructor(
    host: GuestHost,
    listener: RawGuestListener,
    options: CheckedOptions,
    keeper: RawKeeper | undefined,
    state: GuestState | undefined,
  ) {
    this.#state = state
    this.#keeper = keeper
    this.#host = host
    this.#listener = listener
    this.#options = options
    void this.#accept()
  }

  /** The guests whose monitor lives. */
  get open(): ReadonlySet<Guest> {
    return this.#open
  }

  /**
   * Yields each guest that is accepted, once. Ends after `close`.
   *
   * @throws `VmError` where the socket fails, as accept(2)
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Guest, void, void> {
    for (;;) {
      const guest = this.#ready.shift()
      if (guest !== undefined) {
        yield guest
        continue
      }
      if (this.#failure !== undefined) throw this.#failure
      if (this.#closing.signal.aborted) return
      await new Promise<void>((resolve) => this.#takers.push(resolve))
    }
  }

  /**
   * Opens a source before a guest comes, and keeps it open until the listener is closed: the first answer then waits for no file, thread or
   * server. Rejects with what opening it throws.
   *
   * @example
   * await guests.prepare(memory)
   * for await (const guest of guests) await guest.serve(memory)
   */
  async prepare(source: GuestSource): Promise<void> {
    const opened = await source.open(this.#host, { largest: this.#host.pageSize, atOnce: 1 })
    if (this.#closing.signal.aborted) await opened.close()
    else this.#prepared.push(opened)
  }

  /**
   * Takes over a guest whose handler has ended, from the state that it has left or by its regions; serve it then, from the same source.
   * Without the state, the pages that the guest gave back earlier are unknown, and read as the source has them. Requires the right to trace
   * the monitor.
   *
   * @throws `VmError` `EPERM` without that right, `ESRCH` where no such process is, or it has no userfaultfd, `EBUSY` where the handler that
   * wrote the state serves it; `ERR_VMAREA_INVALID_ARGUMENT` where the state does not know it.
   */
  async takeOver(of: {
    readonly pid: number
    readonly state?: string
    readonly regions?: readonly GuestRegion[]
  }): Promise<Guest> {
    const { pid, state: path, regions: told } = checkOptions('takeOver()', of, takeOverRules, ['pid'])
    const known = path === undefined ? undefined : await readGuestState(this.#host, path, pid)
    const given = known?.regions ?? told
    if (given === undefined) {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        'takeOver requires the path of a state, or the regions of the guest',
      )
    }
    return this.#takeOver(pid, given, known)
  }

  async #takeOver(pid: number, given: readonly GuestRegion[], known: KnownGuest | undefined): Promise<Guest> {
    if (known !== undefined && isServedElsewhere(this.#host, known)) {
      const hint = `process ${known.handler?.pid} serves the guest of process ${pid}: end that handler first`
      throw new VmError('EBUSY', 'pidfd_getfd', { hint })
    }
    const regions = checkRegions(given, this.#host.pageSize)
    const memory = { regions, removed: known?.removed ?? [] }
    const raw = await this.#opened(pid, memory, (log) => this.#takeUserfaultfd(pid, memory, log))
    const uid = this.#host.userOf(pid) ?? -1
    const guest = this.#add({ pid, uid }, raw, { regions, message: '', takenOver: true })
    guest.expectedIdentity = known?.identity
    return guest
  }

  /** @internal Takes over what an earlier handler has left to wait: the guests of its state that live. The loop gets them as others. */
  async takeOverAll(state: string): Promise<void> {
    const known = [...(await readGuestStates(this.#host, state))].filter(([, { left }]) => (left ?? 'wait') === 'wait')
    for (const [pid, guest] of known) {
      const receiving: Promise<void> = this.#takeOver(pid, guest.regions, guest)
        .then(
          (taken) => this.#give(taken),
          (error) => this.#refused(error, { pid, uid: this.#host.userOf(pid) ?? -1 }),
        )
        .finally(() => this.#receiving.delete(receiving))
      this.#receiving.add(receiving)
    }
  }

  /** Writes a guest to the state, and opens it with a descriptor for its removals (-1 without a state). */
  async #opened(
    pid: number,
    memory: KnownMemory,
    open: (log: number) => RawGuest | Promise<RawGuest>,
  ): Promise<RawGuest> {
    const log = this.#state?.open(pid, memory.regions, memory.removed)
    try {
      return await open(log ?? -1)
    } catch (error) {
      if (log !== undefined) this.#host.closeLog(log)
      throw error
    }
  }

  /** A keeper whose handler was killed may not have read its last guests yet: tries again for 5 seconds. */
  async #takeUserfaultfd(pid: number, memory: KnownMemory, log: number): Promise<RawGuest> {
    for (const end = performance.now() + 5000; ; await sleep(10)) {
      if (this.#closing.signal.aborted) throw closed()
      try {
        return this.#host.takeOver(pid, memory, this.#options.onFailure, log)
      } catch (error) {
        const isGone = this.#host.startOf(pid) === undefined
        const mayCome = (error as VmError).code === 'ESRCH' && !isGone && this.#host.hasKeepers()
        if (!mayCome || performance.now() > end) throw error
      }
    }
  }

  /** Stops listening and closes every guest: see `onFailure`. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#listener.close()
    this.#wake()
    await Promise.all(this.#receiving)
    await Promise.all([...this.#open].map((guest) => guest.close()))
    this.#keeper?.close()
    for (const source of this.#prepared.splice(0)) await source.close()
  }

  /** Calls `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #accept(): Promise<void> {
    try {
      for (;;) {
        const peer = await this.#listener.accept()
        if (peer === undefined) return
        const receiving = this.#receive(peer).finally(() => this.#receiving.delete(receiving))
        this.#receiving.add(receiving)
      }
    } catch (error) {
      this.#failure = error
      this.#wake()
    }
  }

  async #receive(peer: RawPeer): Promise<void> {
    const { users, messageTimeout, onFailure } = this.#options
    try {
      if (!users.includes(peer.uid)) throw strangeUser(peer.uid, users)
      const { pageSize } = this.#host
      const { signal } = this.#closing
      const { message, regions } = await receiveMessage(peer, DIALECTS, { pageSize, timeout: messageTimeout, signal })
      const raw = await this.#opened(peer.pid, { regions, removed: [] }, (log) => peer.open(regions, onFailure, log))
      this.#give(this.#add(peer, raw, { regions, message, takenOver: false }))
    } catch (error) {
      peer.refuse(onFailure)
      this.#refused(error, { pid: peer.pid, uid: peer.uid })
    }
  }

  #give(guest: Guest): void {
    this.#ready.push(guest)
    this.#wake()
  }

  #refused(error: unknown, peer: { readonly pid: number; readonly uid: number }): void {
    if (this.#closing.signal.aborted) return
    publishGuest({ change: 'refused', pid: peer.pid, guest: undefined, cause: error })
    this.#options.onRefused(error, peer)
  }

  #add(peer: { pid: number; uid: number }, raw: RawGuest, received: ReceivedMemory): Guest {
    const served = (identity: string | undefined) => this.#state?.served(peer.pid, identity)
    const guest = new Guest(this.#host, peer, raw, received, served)
    this.#open.add(guest)
    void guest.closed.then(({ reason }) => {
      this.#open.delete(guest)
      if (reason === 'closed') this.#state?.left(peer.pid, this.#options.onFailure)
    })
    publishGuest({ change: received.takenOver ? 'taken-over' : 'accepted', pid: peer.pid, guest, cause: undefined })
    try {
      this.#keeper?.hold(raw)
    } catch (error) {
      void guest.close()
      throw error
    }
    return guest
  }

  #wake(): void {
    for (const taker of this.#takers.splice(0)) taker()
  }
}

function closed(): UsageError {
  return new UsageError(
    'ERR_VMAREA_INVALID_ARGUMENT',
    'the listener is closed: take guests over before, or with another',
  )
}

function strangeUser(uid: number, users: readonly number[]): UsageError {
  return new UsageError(
    'ERR_VMAREA_PEER_REFUSED',
    `a process of user ${uid} connected, and only those of ${users.join(', ')} may: add it to the option uid`,
  )
}

function isRegion(value: unknown): boolean {
  const { start, length, offset, pageSize } = (value ?? {}) as Partial<GuestRegion>
  return [start, length, offset, pageSize].every((number) => Number.isSafeInteger(number) && number! >= 0)
}
