import type { ReceiveOptions } from '../../kernel/userfaultfd-calls.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { closeDescriptor } from '../addon/close-descriptor.js'
import { readable } from '../addon/readable.js'
import { socketConnection } from '../sockets/socket-connection.js'

const { EAGAIN } = ERRNO_RESULT
const LONGEST_MESSAGE = 1 << 20

/** Takes one message with its descriptors (SCM_RIGHTS) over a Unix socket. The caller closes the descriptors. */
export async function receiveDescriptors(
  path: string,
  { connect = false, toEnd = false, signal }: ReceiveOptions,
): Promise<{ descriptors: number[]; message: Uint8Array; pid: number }> {
  const connection = await socketConnection(path, !connect, signal)
  const descriptors: number[] = []
  const parts: Uint8Array[] = []
  try {
    const places = new Int32Array(8)
    const bytes = new Uint8Array(65536)
    let length = 0
    while (length < LONGEST_MESSAGE) {
      const count = addon().socketReceive(connection, bytes, places)
      if (count === EAGAIN) {
        // The descriptors arrive with the first byte; the bytes that arrive with it belong to the message.
        if (descriptors.length > 0 && !toEnd) break
        await readable(connection, signal)
        signal?.throwIfAborted()
        continue
      }
      if (count < 0) throw new VmError(count, 'recvmsg', { path })
      descriptors.push(...places.filter((descriptor) => descriptor >= 0))
      if (count === 0) break
      parts.push(bytes.slice(0, count))
      length += count
    }
    return { descriptors, message: Buffer.concat(parts), pid: Math.max(0, addon().socketPeer(connection)) }
  } catch (error) {
    for (const descriptor of descriptors) closeDescriptor(descriptor)
    throw error
  } finally {
    closeDescriptor(connection)
  }
}
