import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon.js'

/** The whole of an open file of /proc, from its beginning. Throws `VmError`; `ESRCH` when the process has gone. */
export function readWhole(descriptor: number, path: string, expected = 0): Uint8Array {
  let bytes: Uint8Array = Buffer.allocUnsafeSlow(Math.max(expected, 1 << 16))
  let length = 0
  for (;;) {
    const read = addon().readFully(descriptor, length, bytes.subarray(length))
    if (read < 0) throw new VmError(read, 'read', { path })
    length += read
    if (length < bytes.length) return bytes.subarray(0, length)
    const larger = Buffer.allocUnsafeSlow(bytes.length * 2)
    larger.set(bytes)
    bytes = larger
  }
}
