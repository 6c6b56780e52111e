import { chmodSync, closeSync, lstatSync, unlinkSync } from 'node:fs'
import type { RawGuestListener, RawPeer } from '../../kernel/guest-host.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { readable } from '../addon/readable.js'
import { GuestPeer } from './guest-peer.js'

const EAGAIN = -11
const ECONNABORTED = -103
const EADDRINUSE = -98
const ECONNREFUSED = -111
/** Monitors that may wait to be accepted. */
const BACKLOG = 1024

/** Listens at the path of a Unix socket, or at an abstract name where it begins with `@`, for many monitors. */
export class GuestSocket implements RawGuestListener {
  readonly #path: string
  readonly #listener: number
  /** Of the file: another may be there later. */
  readonly #inode: bigint | undefined
  readonly #closing = new AbortController()
  #closed = false

  constructor(path: string, mode: number) {
    this.#path = path
    this.#listener = bind(path)
    try {
      if (!path.startsWith('@')) {
        // Nobody can connect before the mode is right.
        chmodSync(path, mode)
        this.#inode = inodeOf(path)
      }
      const code = addon().socketStartListening(this.#listener, BACKLOG)
      if (code < 0) throw new VmError(code, 'listen', { path })
    } catch (error) {
      closeSync(this.#listener)
      throw error
    }
  }

  async accept(): Promise<RawPeer | undefined> {
    while (!this.#closed) {
      const connection = addon().socketAccept(this.#listener)
      if (connection >= 0) return new GuestPeer(connection, this.#path)
      if (connection !== EAGAIN && connection !== ECONNABORTED) {
        throw new VmError(connection, 'accept', { path: this.#path })
      }
      await readable(this.#listener, this.#closing.signal)
    }
    return undefined
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#closing.abort()
    if (this.#inode !== undefined && inodeOf(this.#path) === this.#inode) unlinkSync(this.#path)
    closeSync(this.#listener)
  }
}

function bind(path: string): number {
  let listener = addon().socketBind(path)
  if (listener === EADDRINUSE && isStale(path)) {
    unlinkSync(path)
    listener = addon().socketBind(path)
  }
  if (listener >= 0) return listener
  const hint =
    listener === EADDRINUSE
      ? 'another process listens there, or a file that is no socket has the name: choose another path'
      : undefined
  throw new VmError(listener, 'bind', { path, ...(hint === undefined ? {} : { hint }) })
}

/** Whether the file is of a socket that nobody listens at any more. */
function isStale(path: string): boolean {
  if (path.startsWith('@') || !lstatSync(path).isSocket()) return false
  const connection = addon().socketConnect(path)
  if (connection >= 0) closeSync(connection)
  return connection === ECONNREFUSED
}

function inodeOf(path: string): bigint | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino
}
