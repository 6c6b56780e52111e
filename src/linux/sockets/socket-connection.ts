import { unlinkSync } from 'node:fs'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { closeDescriptor } from '../addon/close-descriptor.js'
import { readable } from '../addon/readable.js'

const { EAGAIN } = ERRNO_RESULT

/**
 * A connection at a Unix socket's path, whose descriptor the caller closes. A path that begins with `@` is a name in the abstract
 * namespace. Listening takes one connection, and leaves no file behind.
 */
export async function socketConnection(
  path: string,
  listen: boolean,
  signal: AbortSignal | undefined,
): Promise<number> {
  signal?.throwIfAborted()
  return listen ? accept(path, signal) : connect(path, signal)
}

async function accept(path: string, signal: AbortSignal | undefined): Promise<number> {
  const listener = addon().socketListen(path)
  if (listener < 0) throw new VmError(listener, 'bind', { path })
  try {
    for (;;) {
      const connection = addon().socketAccept(listener)
      if (connection >= 0) return connection
      if (connection !== EAGAIN) throw new VmError(connection, 'accept', { path })
      await readable(listener, signal)
      signal?.throwIfAborted()
    }
  } finally {
    closeDescriptor(listener)
    if (!path.startsWith('@')) unlinkSync(path)
  }
}

async function connect(path: string, signal: AbortSignal | undefined): Promise<number> {
  for (;;) {
    const connection = addon().socketConnect(path)
    if (connection >= 0) return connection
    if (connection !== EAGAIN) throw new VmError(connection, 'connect', { path })
    await new Promise((resolve) => setTimeout(resolve, 5)) // The queue of the listener is full: try again.
    signal?.throwIfAborted()
  }
}
