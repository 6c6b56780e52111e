import type { GuestHost, RawGuestListener, RawKeeper, RawPeer } from '../kernel/guest-host.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { Guest } from './guest.js'
import type { GuestsOptions } from './guests-options.js'
import { firecrackerDialect } from './protocol/firecracker-dialect.js'
import { receiveMessage } from './receive-message.js'

const DIALECTS = [firecrackerDialect]

type CheckedOptions = Required<Omit<GuestsOptions, 'mode' | 'uid' | 'keeper'>> & { readonly users: readonly number[] }

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
  readonly #closing = new AbortController()
  readonly #open = new Set<Guest>()
  /** Accepted, and not taken by a loop. */
  readonly #ready: Guest[] = []
  readonly #takers: (() => void)[] = []
  readonly #receiving = new Set<Promise<void>>()
  #failure: unknown

  /** @internal */
  constructor(host: GuestHost, listener: RawGuestListener, options: CheckedOptions, keeper: RawKeeper | undefined) {
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

  /** Stops listening and closes every guest: see `onFailure`. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#listener.close()
    this.#wake()
    await Promise.all(this.#receiving)
    await Promise.all([...this.#open].map((guest) => guest.close()))
    this.#keeper?.close()
  }

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
    const { users, messageTimeout, onFailure, onRefused } = this.#options
    try {
      if (!users.includes(peer.uid)) throw strangeUser(peer.uid, users)
      const { pageSize } = this.#host
      const { signal } = this.#closing
      const { message, regions } = await receiveMessage(peer, DIALECTS, { pageSize, timeout: messageTimeout, signal })
      const raw = peer.open(regions, onFailure, -1)
      const guest = new Guest(this.#host, peer, raw, regions, message)
      this.#keeper?.hold(raw)
      this.#open.add(guest)
      void guest.closed.then(() => this.#open.delete(guest))
      this.#ready.push(guest)
      this.#wake()
    } catch (error) {
      peer.refuse(onFailure)
      if (!this.#closing.signal.aborted) onRefused(error, { pid: peer.pid, uid: peer.uid })
    }
  }

  #wake(): void {
    for (const taker of this.#takers.splice(0)) taker()
  }
}

function strangeUser(uid: number, users: readonly number[]): UsageError {
  return new UsageError(
    'ERR_VMAREA_PEER_REFUSED',
    `a process of user ${uid} connected, and only those of ${users.join(', ')} may: add it to the option uid`,
  )
}
