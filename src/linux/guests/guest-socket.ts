import type { RawGuestListener, RawPeer } from '../../kernel/guest-host.js'
import { ListeningSocket } from '../sockets/listening-socket.js'
import { nextConnection } from '../sockets/next-connection.js'
import { GuestPeer } from './guest-peer.js'

/** Listens at the path of a Unix socket, or at an abstract name where it begins with `@`, for many monitors. */
export class GuestSocket implements RawGuestListener {
  readonly #path: string
  readonly #socket: ListeningSocket
  readonly #closing = new AbortController()

  constructor(path: string, mode: number) {
    this.#path = path
    this.#socket = new ListeningSocket(path, mode)
  }

  async accept(): Promise<RawPeer | undefined> {
    const connection = await nextConnection(this.#socket.descriptor, this.#path, this.#closing.signal)
    return connection === undefined ? undefined : new GuestPeer(connection, this.#path)
  }

  close(): void {
    this.#closing.abort()
    this.#socket.close()
  }
}
