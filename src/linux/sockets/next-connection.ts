import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { readable } from '../addon/readable.js'

const { EAGAIN, ECONNABORTED } = ERRNO_RESULT

/**
 * The descriptor of the next connection to a listening socket, which the caller closes. Resolves with `undefined` when the signal aborts,
 * after which the listening descriptor is not used any more.
 */
export async function nextConnection(listener: number, path: string, signal: AbortSignal): Promise<number | undefined> {
  while (!signal.aborted) {
    const connection = addon().socketAccept(listener)
    if (connection >= 0) return connection
    if (connection !== EAGAIN && connection !== ECONNABORTED) throw new VmError(connection, 'accept', { path })
    await readable(listener, signal)
  }
  return undefined
}
