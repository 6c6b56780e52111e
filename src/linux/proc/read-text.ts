import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'

const NEWLINE = 10
const SMALLEST_ROOM = 1 << 13

let spare: Uint8Array | undefined

/**
 * Reads a text file of /proc from its beginning, in pieces that stay in the processor's cache, and passes whole lines to `consume`: those
 * of `bytes` in `[from, to)`. `consume` returns where it stopped, if it requires more lines to continue; at the end of the file it gets
 * the rest with `last` set, and must consume all of it. `bytes` is valid during the call.
 *
 * Returns the bytes read. Throws `VmError`; `ESRCH` when the process has gone.
 */
export function readText(
  descriptor: number,
  path: string,
  consume: (bytes: Uint8Array, from: number, to: number, last: boolean) => number,
): number {
  const { readFully } = addon()
  let bytes = spare ?? new Uint8Array(1 << 16)
  spare = undefined
  let position = 0
  let kept = 0
  for (;;) {
    const read = readFully(descriptor, position, kept === 0 ? bytes : bytes.subarray(kept))
    if (read < 0) throw new VmError(read, 'read', { path })
    position += read
    const length = kept + read
    const last = length < bytes.length
    const to = last ? length : bytes.lastIndexOf(NEWLINE, length - 1) + 1
    const stopped = to > 0 ? consume(bytes, 0, to, last) : 0
    if (last || stopped < 0) {
      spare = bytes
      return position
    }
    kept = length - stopped
    if (bytes.length - kept < SMALLEST_ROOM) {
      const larger = new Uint8Array(bytes.length * 2)
      larger.set(bytes.subarray(stopped, length))
      bytes = larger
    } else {
      bytes.copyWithin(0, stopped, length)
    }
  }
}
