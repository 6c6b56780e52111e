import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { closeDescriptor } from '../addon/close-descriptor.js'
import { socketConnection } from '../sockets/socket-connection.js'

const { EAGAIN } = ERRNO_RESULT

/** Sends one message with descriptors (SCM_RIGHTS) over a Unix socket. */
export async function sendDescriptors(
  path: string,
  listen: boolean,
  descriptors: readonly number[],
  message: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const connection = await socketConnection(path, listen, signal)
  try {
    let rest = message
    let places = Int32Array.from(descriptors)
    do {
      const count = addon().socketSend(connection, rest, places)
      if (count === EAGAIN) {
        await new Promise((resolve) => setTimeout(resolve, 5)) // The other end reads.
        signal?.throwIfAborted()
        continue
      }
      if (count < 0) throw new VmError(count, 'sendmsg', { path })
      rest = rest.subarray(count)
      places = new Int32Array(0)
    } while (rest.length > 0)
  } finally {
    closeDescriptor(connection)
  }
}
