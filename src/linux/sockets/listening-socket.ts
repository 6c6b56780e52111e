import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { closeDescriptor } from '../addon/close-descriptor.js'

const { EADDRINUSE, ENAMETOOLONG, ECONNREFUSED } = ERRNO_RESULT
/** Connections that may wait to be accepted. */
const BACKLOG = 1024

const HINTS: { readonly [code: number]: string } = {
  [EADDRINUSE]: 'another process listens there, or a file that is no socket has the name: choose another path',
  [ENAMETOOLONG]: 'the path of a socket has at least one byte and at most 107',
}

/**
 * A Unix socket that listens at a path, or at an abstract name where the path begins with `@`. It replaces the file of a socket at which
 * no process listens any more. `close` removes the file, unless another one has its name.
 */
export class ListeningSocket {
  readonly descriptor: number
  readonly #path: string
  /** The inode of the socket file: another file may have its path later. */
  readonly #inode: bigint | undefined
  #closed = false

  constructor(path: string, mode: number) {
    this.#path = path
    this.descriptor = bind(path)
    try {
      if (!path.startsWith('@')) {
        // No process can connect before the mode is set.
        chmodSync(path, mode)
        this.#inode = inodeOf(path)
      }
      const code = addon().socketStartListening(this.descriptor, BACKLOG)
      if (code < 0) throw new VmError(code, 'listen', { path })
    } catch (error) {
      closeDescriptor(this.descriptor)
      throw error
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#inode !== undefined && inodeOf(this.#path) === this.#inode) unlinkSync(this.#path)
    closeDescriptor(this.descriptor)
  }
}

function bind(path: string): number {
  let listener = addon().socketBind(path)
  if (listener === EADDRINUSE && isStale(path)) {
    unlinkSync(path)
    listener = addon().socketBind(path)
  }
  if (listener >= 0) return listener
  const hint = HINTS[listener]
  throw new VmError(listener, 'bind', { path, ...(hint === undefined ? {} : { hint }) })
}

/** Whether the file is of a socket at which no process listens any more. */
function isStale(path: string): boolean {
  if (path.startsWith('@') || !lstatSync(path).isSocket()) return false
  const connection = addon().socketConnect(path)
  if (connection >= 0) closeDescriptor(connection)
  return connection === ECONNREFUSED
}

function inodeOf(path: string): bigint | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino
}
